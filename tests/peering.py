"""Clients and services of others, each a process in an environment that is not the service's."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from tests.environments import hash_files, make_once
from tests.processes import PATIENCE_SECONDS
from tests.programs import clean_environment

PROGRAMS = Path(__file__).parent / "peers"
REQUIREMENTS = PROGRAMS / "requirements.txt"


@dataclass(frozen=True)
class Message:
    """A message that reached a peer."""

    topic: str
    body: bytes
    headers: dict[str, str]
    properties: dict[str, Any]

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


class PeerRefusedError(RuntimeError):
    """The peer's own client did not send a message; this says why."""


@dataclass
class Peer:
    """A program of others, spoken to in lines of JSON."""

    process: "subprocess.Popen[str]"
    received: list[Message] = field(default_factory=list)
    _answers: "Queue[dict[str, Any]]" = field(default_factory=Queue)
    _arrivals: "Queue[Message]" = field(default_factory=Queue)

    def listen(self) -> None:
        """Sort what the program says, until it ends."""
        for line in self.process.stdout or ():
            said = json.loads(line)
            if said.pop("kind") == "message":
                body = base64.b64decode(said.pop("body"))
                self._arrivals.put(Message(body=body, **said))
            else:
                self._answers.put(said)
        self._answers.put({"error": "the peer has ended, see its log"})

    def wait_for_answer(self) -> dict[str, Any]:
        """Return what the program answers; raises PeerRefusedError if that is an error."""
        answer = self._answers.get(timeout=PATIENCE_SECONDS)
        if "error" in answer:
            raise PeerRefusedError(answer["error"])
        return answer

    def send(
        self, topic: str, body: bytes, headers: dict[str, str] | None = None, **more: str
    ) -> str | None:
        """Send a message, and return what the broker knows it by, if it says that."""
        assert self.process.stdin is not None
        coded = base64.b64encode(body).decode()
        order = {"topic": topic, "body": coded, "headers": headers or {}, **more}
        self.process.stdin.write(f"{json.dumps(order)}\n")
        self.process.stdin.flush()
        identity: str | None = self.wait_for_answer()["id"]
        return identity

    def wait_for(self, is_it: Callable[[Message], bool]) -> Message:
        """Return the first message, of all that came or come, that is the one."""
        for message in self.received:
            if is_it(message):
                return message
        while True:
            try:
                message = self._arrivals.get(timeout=PATIENCE_SECONDS)
            except Empty:
                raise AssertionError(f"not among {self.received}") from None
            self.received.append(message)
            if is_it(message):
                return message


def make_environment() -> Path:
    """Return the environment of the peers."""
    name = f"peers-{hash_files([REQUIREMENTS])}"
    return make_once(name, "--requirements", REQUIREMENTS, cwd=PROGRAMS)


@contextmanager
def run_peer(program: str, url: str, *topics: str, log: Path) -> Iterator[Peer]:
    """Run a program of `tests/peers`, which listens to the topics."""
    environment = make_environment()
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            [environment / "bin/python", PROGRAMS / f"{program}.py", url, *topics],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )
    peer = Peer(process)
    listening = Thread(target=peer.listen, daemon=True)
    listening.start()
    try:
        peer.wait_for_answer()
        yield peer
    finally:
        process.kill()
        listening.join()
        process.communicate()
