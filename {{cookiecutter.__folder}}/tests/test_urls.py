"""URLs in settings: passwords are hidden."""

import pytest

from app.core.urls import hide_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("scheme://user:secret@host:1/name", "scheme://user:***@host:1/name"),
        ("scheme://:secret@host", "scheme://:***@host"),
        ("scheme://user:se:c@r/et@one:1,two:2", "scheme://user:***@one:1,two:2"),
        ("https://a:secret@one,https://b:secret@two", "https://a:***@two"),
        ("scheme://host/?password=secret&a=1", "scheme://host/?password=***&a=1"),
        ("scheme://user@host", "scheme://user@host"),
        ("memory://", "memory://"),
        ("no address at all", "no address at all"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(url: str, shown: str) -> None:
    assert hide_password(url) == shown
