"""Which bodies pass without being counted."""

import pytest

from app.web.body_limit import declares_less

Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(
    ("version", "headers", "passes"),
    [
        ("1.1", [], True),
        ("1.1", [(b"content-length", b"10")], True),
        ("1.1", [(b"content-length", b"11")], False),
        ("1.1", [(b"content-length", b"ten")], False),
        ("1.1", [(b"transfer-encoding", b"chunked")], False),
        ("2", [], False),
        ("2", [(b"content-length", b"10")], True),
    ],
)
def test_those_that_say_they_are_small(version: str, headers: Headers, passes: bool) -> None:
    assert declares_less({"http_version": version, "headers": headers}, 10) is passes
