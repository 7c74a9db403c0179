"""Apache Kafka from its jars: KRaft, one node that is broker and controller."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from tools.servers import probes
from tools.servers.container import Image
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.process import Process
from tools.servers.server import Server, ServerError, program, required

# 4.4.0 asks for a kafka-tools-api that was never published.
VERSION = "4.3.1"
DEPENDENCIES = (
    ("org.apache.kafka", "kafka_2.13", VERSION),
    ("org.slf4j", "slf4j-simple", "1.7.36"),
)
RESOLVER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
# Starting fast matters more here than what the second compiler wins later. Thousands of topics of
# tests fill half a gigabyte, and a server that collects garbage for long loses its session.
MACHINE = ("-Xms128m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
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


class Kafka(Server):
    """A Kafka server."""

    name = "kafka"
    variable = "TEST_KAFKA_URL"
    packages = ("default-jre-headless", "maven")
    image = Image(
        f"apache/kafka:{VERSION}",
        None,
        environment={
            **{f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in SETTINGS.items()},
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

    def install(self) -> None:
        """Fetch the jars once, write the configuration and format the storage."""
        if not self._jars.is_dir():
            self._resolve()
        controller = free_port()
        listeners = f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{controller}"
        own = {
            "listeners": listeners,
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "log.dirs": str(self.data),
        }
        lines = [f"{key}={value}\n" for key, value in {**SETTINGS, **own}.items()]
        self._settings.write_text("".join(lines))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A command line option may not begin with a dash.
        formatting = ["format", "--config", str(self._settings), f"--cluster-id={cluster}"]
        self._run("the storage formatter", self._java("kafka.tools.StorageTool", *formatting))

    def launch(self) -> list[Process]:
        """Start the server."""
        return [self.spawn(self._java("kafka.Kafka", str(self._settings)))]

    @property
    def _jars(self) -> Path:
        return self.directory / f"jars-{VERSION}"

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
        project.write_text(_project())
        command = [required("mvn"), "--batch-mode", "--quiet", f"--file={project}", RESOLVER]
        self._run("Maven", [*command, f"-DoutputDirectory={draft}", "-DincludeScope=runtime"])
        draft.rename(self._jars)

    def _run(self, title: str, command: list[str]) -> None:
        with self.log.open("a") as log:
            done = subprocess.run(command, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {title} failed, see {self.log}")


def _project() -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, artifact, version in DEPENDENCIES
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        "<groupId>tools</groupId><artifactId>servers</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>\n"
    )
