"""RabbitMQ with a node, an epmd and a cookie of its own, all on loopback."""

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.process import Process
from tools.servers.server import Server, program, required

# The wrapper in /usr/sbin would change to the package's account and folders.
FOLDER = "/usr/lib/rabbitmq/bin"


class Rabbitmq(Server):
    """A RabbitMQ server with the administrator `service`."""

    name = "rabbitmq"
    variable = "TEST_RABBITMQ_URL"
    packages = ("rabbitmq-server",)
    image = Image(
        "rabbitmq:4-management",
        5672,
        environment={"RABBITMQ_DEFAULT_USER": "service", "RABBITMQ_DEFAULT_PASS": "service"},
    )

    @property
    def url(self) -> str:
        """Return the URL of the default virtual host."""
        return f"amqp://service:service@{LOOPBACK}:{self.port}/"

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
        (self.directory / "plugins").write_text("[].\n")
        (self.directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = {LOOPBACK}:{self.port}\n"
            "default_user = service\n"
            "default_pass = service\n"
            "log.console = true\n"
            "log.file = false\n"
        )
        # Where no other epmd lives: the default one belongs to the machine.
        (self.directory / "ports").write_text(f"{free_port()} {free_port()}\n")

    def launch(self) -> list[Process]:
        """Start epmd, which would otherwise start as a daemon nobody stops, then the node."""
        environment = self.environment()
        epmd = [required("epmd"), "-address", LOOPBACK, "-port", environment["ERL_EPMD_PORT"]]
        server = [required("rabbitmq-server", FOLDER)]
        return [
            self.spawn(epmd, environment=environment),
            self.spawn(server, environment=environment),
        ]

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
        }
