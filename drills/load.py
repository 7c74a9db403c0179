"""The load: clients that place orders, each of them for sure, and never far ahead of the work."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException
from queue import Empty, SimpleQueue
from uuid import uuid4

from tests.clients import send

CREATED = 201
CLIENTS = 4
CHUNK = 20
PAUSE_SECONDS = 0.1

Choose = Callable[[], int]


class Load:
    """Place orders over HTTP, asking again with the same key until the API says that it did."""

    def __init__(self, choose_port: Choose, has_room: Callable[[int], bool]) -> None:
        """Send to the ports that are chosen, as long as there is room for orders up to a number."""
        self._choose_port = choose_port
        self._has_room = has_room
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self.accepted: list[int] = []
        self.statuses: Counter[int] = Counter()
        """How often each status was the answer; 0 is none."""

    @property
    def is_placed(self) -> bool:
        """Tell whether everything has been placed."""
        return not any(thread.is_alive() for thread in self._threads)

    def start(
        self,
        count: int,
        *,
        behaviour: str = "plain",
        padding: int = 0,
        hurried: bool = False,
    ) -> None:
        """Place so many orders in the background; `hurried` however far behind the work is."""
        chunks: SimpleQueue[list[int]] = SimpleQueue()
        numbers = list(itertools.islice(self._numbers, count))
        for start in range(0, count, CHUNK):
            chunks.put(numbers[start : start + CHUNK])

        def work() -> None:
            while not self._closing.is_set():
                try:
                    chunk = chunks.get_nowait()
                except Empty:
                    return
                while not (hurried or self._has_room(len(self.accepted))):
                    if self._closing.wait(PAUSE_SECONDS):
                        return
                self._place(chunk, behaviour, padding)

        for _ in range(CLIENTS):
            thread = threading.Thread(target=work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def place(self, count: int, behaviour: str, *, padding: int = 0) -> list[int]:
        """Place special orders now, and return their numbers."""
        with self._lock:
            numbers = list(itertools.islice(self._numbers, count))
        self._place(numbers, behaviour, padding)
        return numbers

    def close(self) -> None:
        """Stop placing orders."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _place(self, numbers: list[int], behaviour: str, padding: int) -> None:
        key = str(uuid4())
        body = {
            "first": numbers[0],
            "count": len(numbers),
            "behaviour": behaviour,
            "padding": padding,
        }
        while not self._closing.is_set():
            try:
                answer = send(self._choose_port(), "POST", "/v1/orders", body, idempotency_key=key)
            except (OSError, HTTPException):
                status = 0
            else:
                status = answer.status
            with self._lock:
                self.statuses[status] += 1
                if status == CREATED:
                    self.accepted += numbers
                    return
            self._closing.wait(PAUSE_SECONDS)
