"""Redis, with no persistence: what the tests put there is a cache."""

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK
from tools.servers.process import Process
from tools.servers.programs import program
from tools.servers.server import Server

OPTIONS = ("--save", "", "--appendonly", "no", "--maxmemory", "128mb")

TLS = {
    "--tls-ca-cert-file": "ca.pem",
    "--tls-cert-file": "server.pem",
    "--tls-key-file": "server.key",
}
USER = ("--user", "service", "on", ">service", "~*", "&*", "+@all")


class Redis(Server):
    """A Redis server, which lets in who has no password, and the user `service`."""

    name = "redis"
    variable = "TEST_REDIS_URL"
    packages = ("redis-server",)
    listeners = ("tls",)
    program = "redis-server"
    oldest = "7.0"
    image = Image("redis:7-alpine", 6379, arguments=("redis-server", *OPTIONS))

    @property
    def url(self) -> str:
        """Return the URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Send a PING."""
        return probes.ask_redis(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the package unless the program is there."""
        return () if program(cls.program) else cls.packages

    def install(self) -> None:
        """Create the folder the server works in."""
        self.data.mkdir()

    def launch(self) -> list[Process]:
        """Start the server."""
        place = ["--bind", LOOPBACK, "--port", str(self.port), "--dir", str(self.data)]
        place += ["--tls-port", str(self.ports["tls"]), "--tls-auth-clients", "optional"]
        for option, name in TLS.items():
            place += [option, str(self.certificates / name)]
        return [self.spawn([self.find_program(self.program), *place, *OPTIONS, *USER])]


class Valkey(Redis):
    """A Valkey server, which stands for Redis."""

    packages = ("valkey-server",)
    program = "valkey-server"
    oldest = "8.1"
    image = Image("valkey/valkey:9-alpine", 6379, arguments=("valkey-server", *OPTIONS))
