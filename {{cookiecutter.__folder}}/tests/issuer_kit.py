"""Keys that an issuer publishes, and a clock that tests set."""

import threading

import jwt


class Published:
    """What the issuer publishes, or how it fails, and how often it was asked."""

    def __init__(self) -> None:
        self.names = ["known"]
        self.error: Exception | None = None
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def fetch(self) -> list[jwt.PyJWK]:
        self.asked += 1
        assert self.may_answer.wait(5)
        if self.error:
            raise self.error
        secret = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
        return [jwt.PyJWK({**secret, "kid": name}, "HS256") for name in self.names]


class Time:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 10_000.0

    def monotonic(self) -> float:
        return self.now
