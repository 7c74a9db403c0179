"""One drill at work: its service, its load, and what is known of them."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

from drills.crew import Crew, Member, wait_for
from drills.errors import DrillError
from drills.load import Load
from drills.observer import NotSeenError, Observer
from drills.progress import report
from drills.proxy import Proxy
from drills.verdicts import STEPS, UNKNOWN, DeadLetter, Expectation, Findings
from tests.clients import send
from tools.servers import Server

# How long a process may take to stop: its grace, and what the machine takes.
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.3
# Without any progress for so long, nothing will come.
STUCK_SECONDS = 60.0
# How long nothing may change any more before all counts as quiet.
SETTLE_SECONDS = 2.0
# How long something that is asked of the service may take.
REQUIRED_SECONDS = 20.0
OK = 200


@dataclass
class Scene:
    """What a drill does its harm to."""

    title: str
    orders: int
    broker: Server
    database: Server
    administer: Callable[..., None]
    """Runs statements on the database server, with all rights."""
    proxy: Proxy | None
    crew: Crew
    observer: Observer
    folder: Path
    expected: Expectation = field(default_factory=Expectation)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("effects", "confirmed", "outbox"), 0)
    )
    harm_ended: float | None = None
    """When the last harm was over, by the clock on the wall."""
    moments: list[tuple[int, float]] = field(default_factory=list)
    """When effects happened, by the number of their order."""
    load: Load = field(init=False)
    _before: frozenset[int] = frozenset()
    _closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Prepare the load, which never runs far ahead of the effects."""
        ahead = max(200, self.orders // 5)
        self.load = Load(
            lambda: random.choice(self.crew.find("api") or self.crew.members).port,
            lambda placed: placed - self.counts["effects"] // len(STEPS) < ahead,
        )
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def say(self, what: str) -> None:
        """Report what happens, and how far the work is."""
        share = self.counts["effects"] / (self.orders * len(STEPS))
        report(f"  {self.title}: {share:.0%} done, {what}")

    def wait_for_share(self, share: float) -> None:
        """Wait until so much of the work is done."""
        self.wait(lambda: self.counts["effects"] >= share * self.orders * len(STEPS))

    def wait_for_relay(self, least: int) -> bool:
        """Wait until so many messages are in the outbox and become fewer; tell if that was seen."""
        last = 0
        while True:
            now = self.observer.ask("count_rows")["outbox"]
            if least <= now < last:
                return True
            if now == 0 and self.load.is_placed:
                return False
            last = now

    def end_harm(self) -> None:
        """Take the time: from now on it recovers."""
        self.harm_ended = time.time()
        self._before = frozenset(self.load.accepted)

    def expect_dead(
        self, numbers: list[int], reason: str, attempts: int, *, extra: int = 0
    ) -> None:
        """Expect the first handler to put these orders aside after so many attempts.

        `extra` is how many more may be made than the dead letter tells of.
        """
        for number in numbers:
            letter = DeadLetter(number, "confirm_order", reason, attempts)
            self.expected.dead.append(letter)
            self.expected.attempts[number] = range(attempts, attempts + extra + 1)

    def expect_unreadable(self, count: int) -> None:
        """Expect so many dead letters of which nobody can tell what they are about."""
        letter = DeadLetter(UNKNOWN, "confirm_order", "unreadable", 1)
        self.expected.dead += [letter] * count

    def place_long(self) -> tuple[int, Member]:
        """Place an order that takes long to handle; return it and the worker that has it."""
        (number,) = self.load.place(1, "long")
        self.wait(lambda: bool(self.read_pids(number)))
        pids = self.read_pids(number)
        return number, next(each for each in self.crew.members if each.process.pid in pids)

    def require(self, look: Callable[[], bool], what: str) -> None:
        """Note that something is wrong unless `look` is true soon."""
        try:
            wait_for(look, REQUIRED_SECONDS, what)
        except DrillError as error:
            self.notes.append(str(error))

    def is_ready(self) -> bool:
        """Tell whether the API says that it is ready."""
        (member,) = self.crew.find("api")
        try:
            return send(member.port, "GET", "/health/ready").status == OK
        except (OSError, HTTPException):
            return False

    def wait_until_quiet(self) -> None:
        """Wait until everything is placed and nothing is left to do, or nothing moves any more."""
        try:
            self.wait(lambda: self.load.is_placed)
            self.wait(self._is_done)
        except DrillError as error:
            self.notes.append(str(error))

    def find(self) -> Findings:
        """Return what there is, and how the processes have ended."""
        rows = self.observer.ask("read_rows")
        self.moments = [(number, parse(moment)) for number, _, moment in rows["effects"]]
        return Findings(
            accepted=self.load.accepted,
            orders=rows["orders"],
            effects=[(number, step) for number, step, _ in rows["effects"]],
            dead=[DeadLetter(**letter) for letter in self.observer.ask("read_dead")],
            outbox=len(rows["outbox"]),
            attempts=self.read_attempts(),
            failures=self.crew.count_lines('"handler failed"'),
            exits=self.crew.exits,
            notes=self.notes,
        )

    def read_attempts(self) -> Counter[int]:
        """Return how often the first handler was called, by the numbers of special orders."""
        return Counter(number for number, _ in self._read_notes())

    def read_pids(self, number: int) -> set[int]:
        """Return the processes in which the first handler was called for a special order."""
        return {pid for noted, pid in self._read_notes() if noted == number}

    def measure_recovery(self) -> float | None:
        """Return the seconds from the last harm to the last effect of what came before its end."""
        if self.harm_ended is None:
            return None
        late = [moment for number, moment in self.moments if number in self._before]
        return max(0.0, max(late, default=self.harm_ended) - self.harm_ended)

    def close(self) -> None:
        """Stop everything that belongs to the scene."""
        self._closing.set()
        self.load.close()
        self.crew.close()
        self._watch.join()
        self.observer.close()
        if self.proxy is not None:
            self.proxy.close()

    def _read_notes(self) -> list[tuple[int, int]]:
        with suppress(FileNotFoundError):
            lines = (self.folder / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
            return [(note["number"], note["pid"]) for note in map(json.loads, lines)]
        return []

    def _look(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            with suppress(DrillError):
                self.counts = self.observer.ask("count_rows")

    def _is_done(self) -> bool:
        dead = sum(letter.number != UNKNOWN for letter in self.expected.dead)
        wanted = (len(self.load.accepted) - dead) * len(STEPS)
        before = dict(self.counts)
        if before["effects"] < wanted or before["outbox"] > self.expected.unsent:
            return False
        with suppress(NotSeenError):
            messages = self.observer.ask("count_messages")
            if messages["waiting"] or messages["dead"] < len(self.expected.dead):
                return False
            time.sleep(SETTLE_SECONDS)
            return dict(self.counts) == before
        return False

    def wait(self, look: Callable[[], bool]) -> None:
        """Wait as long as something moves; raises DrillError when nothing does any more."""
        moved, last = time.monotonic(), (0, 0, 0)
        while not look():
            now = (self.counts["effects"], self.counts["outbox"], len(self.load.accepted))
            if now != last:
                moved, last = time.monotonic(), now
            if time.monotonic() - moved > STUCK_SECONDS:
                raise DrillError(f"nothing moved for {STUCK_SECONDS:g} s: {self._describe()}")
            time.sleep(LOOK_SECONDS)

    def _describe(self) -> str:
        try:
            messages = self.observer.ask("count_messages")["counts"]
        except DrillError as error:
            messages = str(error)
        return f"{len(self.load.accepted)} placed, {self.counts}, {messages}"


def parse(moment: str) -> float:
    """Return a moment of the database's, which is in UTC, as seconds."""
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
