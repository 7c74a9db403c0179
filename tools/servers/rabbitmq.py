"""RabbitMQ with a node, an epmd and a cookie of its own, all on loopback."""

from pathlib import Path

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.process import Process
from tools.servers.programs import program
from tools.servers.server import Server
from tools.servers.state import write_secret

# The wrapper in /usr/sbin would change to the package's account and folders.
FOLDER = "/usr/lib/rabbitmq/bin"
VERSIONS = Path("usr/lib/rabbitmq/lib")
# The first major version that knows the settings below; an older one does not start with them.
FIRST_TO_DENY = 4
# What RabbitMQ 4.3 permits no more by default; other versions and Debian's builds still do.
DENIED = (
    "amqp_address_v1",
    "amqp_filter_set_bug",
    "global_qos",
    "queue_master_locator",
    "transient_nonexcl_queues",
)


class Rabbitmq(Server):
    """A RabbitMQ server with the administrator `service`."""

    name = "rabbitmq"
    variable = "TEST_RABBITMQ_URL"
    packages = ("rabbitmq-server",)
    program = "rabbitmqctl"
    listeners = ("tls", "management")
    oldest = "3.10"
    image = Image(
        "rabbitmq:4-management",
        5672,
        environment={"RABBITMQ_DEFAULT_USER": "service", "RABBITMQ_DEFAULT_PASS": "{password}"},
    )

    @property
    def url(self) -> str:
        """Return the URL of the default virtual host."""
        return f"amqp://service:{self.password}@{LOOPBACK}:{self.port}/"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Begin the AMQP handshake."""
        return probes.ask_rabbitmq(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the package unless the programs are there."""
        return () if program("rabbitmq-server", FOLDER) and program("epmd") else cls.packages

    def install(self) -> None:
        """Write the configuration, with ports that stay the same over restarts."""
        self.data.mkdir()
        plugins = "[rabbitmq_auth_mechanism_ssl, rabbitmq_management].\n"
        (self.directory / "plugins").write_text(plugins)
        write_secret(
            self.directory / "rabbitmq.conf",
            f"listeners.tcp.local = {LOOPBACK}:{self.port}\n"
            f"listeners.ssl.local = {LOOPBACK}:{self.ports['tls']}\n"
            f"ssl_options.cacertfile = {self.certificates / 'ca.pem'}\n"
            f"ssl_options.certfile = {self.certificates / 'server.pem'}\n"
            f"ssl_options.keyfile = {self.certificates / 'server.key'}\n"
            "ssl_options.verify = verify_peer\n"
            "ssl_options.fail_if_no_peer_cert = false\n"
            # Who shows a certificate is who it names.
            "ssl_cert_login_from = common_name\n"
            "auth_mechanisms.1 = PLAIN\n"
            "auth_mechanisms.2 = EXTERNAL\n"
            f"management.tcp.ip = {LOOPBACK}\n"
            f"management.tcp.port = {self.ports['management']}\n"
            # It is asked for bindings only: figures would cost the server more than its work.
            "management_agent.disable_metrics_collector = true\n"
            "default_user = service\n"
            f"default_pass = {self.password}\n"
            "log.console = true\n"
            "log.file = false\n" + deny((self.root or Path("/")) / VERSIONS),
        )
        # Where no other epmd lives: the default one belongs to the machine.
        (self.directory / "ports").write_text(f"{free_port()} {free_port()}\n")

    def launch(self) -> list[Process]:
        """Start epmd, which would otherwise start as a daemon nobody stops, then the node."""
        environment = self.environment()
        port = environment["ERL_EPMD_PORT"]
        epmd = [self.find_program("epmd"), "-address", LOOPBACK, "-port", port]
        server = [self.find_program("rabbitmq-server", FOLDER)]
        return [
            self.spawn(epmd, environment=environment),
            self.spawn(server, environment=environment),
        ]

    def version_command(self) -> list[str]:
        """Return the command whose output names the version."""
        # It answers without a node.
        return [self.find_program(self.program, FOLDER), "version"]

    def environment(self) -> dict[str, str]:
        """Return the environment of the node, which `rabbitmqctl` needs as well."""
        epmd_port, node_port = (self.directory / "ports").read_text().split()
        return {
            "HOME": str(self.directory),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": epmd_port,
            # Makes the start script become the node instead of watching over it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": "service@localhost",
            "RABBITMQ_DIST_PORT": node_port,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "no-environment.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": str(self.directory),
            "ERL_CRASH_DUMP": str(self.directory / "crash"),
        }


def deny(versions: Path) -> str:
    """Return the settings by which an installed server refuses what RabbitMQ 4.3 refuses."""
    names = [path.name.partition("-")[2] for path in versions.glob("rabbitmq_server-*")]
    if not any(int(name.partition(".")[0]) >= FIRST_TO_DENY for name in names):
        return ""
    return "".join(f"deprecated_features.permit.{feature} = false\n" for feature in DENIED)
