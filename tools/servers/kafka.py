"""Apache Kafka from its jars: KRaft, one node that is broker and controller."""

import re
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from tools.servers import probes
from tools.servers.certificates import HOST
from tools.servers.container import NEWEST, Image
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.process import Process
from tools.servers.programs import ServerError, program, required
from tools.servers.releases import OLDEST
from tools.servers.server import Server

VERSION = "4.3.1"
VERSIONS = {OLDEST: "3.9.1", NEWEST: "4.4.0"}
DEPENDENCIES = (
    ("org.apache.kafka", "kafka_2.13", "{version}"),
    ("org.slf4j", "slf4j-simple", "1.7.36"),
)
# 4.4.0 asks for it, and it was never published.
EXCLUSION = (
    "<exclusions><exclusion><groupId>org.apache.kafka</groupId>"
    "<artifactId>kafka-tools-api</artifactId></exclusion></exclusions>"
)
RESOLVER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
# Starting fast matters more here than what the second compiler wins later. Thousands of topics of
# tests fill half a gigabyte, and a server that collects garbage for long loses its session.
MACHINE = ("-Xms128m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker may come back only when its session has ended.
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "500",
}

PLAIN = {"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"}
# A listener for each way of being secure, and who is let in there.
LOGINS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
SECURE = {"sasl": "SASL_PLAINTEXT", "sasl_tls": "SASL_SSL", "tls": "SSL"}
MODULES = {
    "PLAIN": 'plain.PlainLoginModule required user_service="service"',
    "SCRAM-SHA-256": "scram.ScramLoginModule required",
    "SCRAM-SHA-512": "scram.ScramLoginModule required",
    # Tokens without a signature, as only tests may have them.
    "OAUTHBEARER": "oauthbearer.OAuthBearerLoginModule required"
    ' unsecuredLoginStringClaim_sub="service"',
}


class Kafka(Server):
    """A Kafka server."""

    name = "kafka"
    variable = "TEST_KAFKA_URL"
    listeners = tuple(SECURE)
    packages = ("default-jre-headless", "maven")
    program = "java"
    oldest = VERSIONS[OLDEST]
    image = Image(
        f"apache/kafka:{VERSION}",
        None,
        environment={
            **{
                f"KAFKA_{key.upper().replace('.', '_')}": value
                for key, value in {**SETTINGS, **PLAIN}.items()
            },
            "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{{port}}",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_HEAP_OPTS": "-Xms128m -Xmx1g",
        },
    )

    @property
    def url(self) -> str:
        """Return the URL of the bootstrap server."""
        return f"kafka://{LOOPBACK}:{self.port}"

    @classmethod
    def answers(cls, url: str) -> bool:
        """Ask for the brokers of the cluster."""
        return probes.ask_kafka(url)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the packages of Java and Maven unless the programs are there."""
        java, maven = cls.packages
        lacking = [] if program("java") else [java]
        return (*lacking, *([] if program("mvn") else [maven]))

    @classmethod
    def lacks(cls, _wanted: str) -> tuple[str, ...]:
        """Return the same for each version: the jars need Java and Maven."""
        return cls.missing()

    def take_version(self, wanted: str, _folder: Path) -> None:
        """Use the jars of another version, which need no root."""
        self.version = VERSIONS.get(wanted, wanted)
        if not re.fullmatch(r"\d+\.\d+\.\d+", self.version):
            raise ServerError(f"kafka: a version is three numbers, like {VERSION}, not {wanted}")

    def install(self) -> None:
        """Fetch the jars once, write the configuration and format the storage."""
        if not self._jars.is_dir():
            self._resolve()
        controller = free_port()
        listeners = f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{controller}"
        for name, port in self.ports.items():
            listeners += f",{name.upper()}://{LOOPBACK}:{port}"
        own = {
            **self._list_security(),
            "listeners": listeners,
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "log.dirs": str(self.data),
        }
        lines = [f"{key}={value}\n" for key, value in {**SETTINGS, **own}.items()]
        self._settings.write_text("".join(lines))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A command line option may not begin with a dash.
        formatting = ["format", "--config", str(self._settings), f"--cluster-id={cluster}"]
        for number in (256, 512):
            formatting += ["--add-scram", f"SCRAM-SHA-{number}=[name=service,password=service]"]
        self.run("the storage formatter", self._java("kafka.tools.StorageTool", *formatting))

    def read_version(self) -> str:
        """Return the version of the jars."""
        return self.version or VERSION

    def launch(self) -> list[Process]:
        """Start the server."""
        return [self.spawn(self._java("kafka.Kafka", str(self._settings)))]

    def _list_security(self) -> dict[str, str]:
        """Return the settings of the listeners for TLS and for logins."""
        kinds = ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT"]
        settings: dict[str, str] = {}
        for name, kind in SECURE.items():
            kinds.append(f"{name.upper()}:{kind}")
            prefix = f"listener.name.{name}"
            if kind.startswith("SASL"):
                settings[f"{prefix}.sasl.enabled.mechanisms"] = ",".join(LOGINS)
                for login, module in MODULES.items():
                    key = f"{prefix}.{login.lower()}.sasl.jaas.config"
                    settings[key] = f"org.apache.kafka.common.security.{module};"
            if kind.endswith("SSL"):
                settings[f"{prefix}.ssl.keystore.type"] = "PEM"
                settings[f"{prefix}.ssl.keystore.location"] = str(
                    self.certificates / "server-both.pem"
                )
                settings[f"{prefix}.ssl.truststore.type"] = "PEM"
                settings[f"{prefix}.ssl.truststore.location"] = str(self.certificates / "ca.pem")
            settings[f"{prefix}.ssl.client.auth"] = "required" if kind == "SSL" else "none"
        # Clients come to where the certificate is valid.
        advertised = [f"PLAINTEXT://{LOOPBACK}:{self.port}"]
        advertised += [f"{name.upper()}://{HOST}:{port}" for name, port in self.ports.items()]
        return {
            **settings,
            "listener.security.protocol.map": ",".join(kinds),
            "advertised.listeners": ",".join(advertised),
        }

    @property
    def _jars(self) -> Path:
        return self.directory / f"jars-{self.version or VERSION}"

    @property
    def _settings(self) -> Path:
        return self.directory / "server.properties"

    def _java(self, main: str, *arguments: str) -> list[str]:
        output = f"-Dkafka.logs.dir={self.directory}"
        return [required("java"), *MACHINE, output, "-cp", f"{self._jars}/*", main, *arguments]

    def _resolve(self) -> None:
        """Let Maven copy the jars; the folder gets its name when it is complete."""
        draft = self.directory / "jars"
        project = self.directory / "pom.xml"
        project.write_text(_project(self.version or VERSION))
        command = [required("mvn"), "--batch-mode", "--quiet", f"--file={project}", RESOLVER]
        self.run("Maven", [*command, f"-DoutputDirectory={draft}", "-DincludeScope=runtime"])
        draft.rename(self._jars)


def _project(version: str) -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{number.replace('{version}', version)}</version>{EXCLUSION}</dependency>"
        for group, artifact, number in DEPENDENCIES
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        "<groupId>tools</groupId><artifactId>servers</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>\n"
    )
