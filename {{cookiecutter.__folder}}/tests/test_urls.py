"""URLs in settings: passwords are hidden, and files and memory have no parameters."""

import pytest

from app.core.urls import hide_password, read_plain_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("scheme://user:secret@host:1/name", "scheme://user:***@host:1/name"),
        ("scheme://:secret@host", "scheme://:***@host"),
        ("scheme://user:se:c@r/et@one:1,two:2", "scheme://user:***@one:1,two:2"),
        ("scheme://user:secret@[::1]:1,two/name?a=1", "scheme://user:***@[::1]:1,two/name?a=1"),
        ("https://a:secret@one,https://b:secret@two", "https://a:***@two"),
        ("two+schemes://u:secret@one,two/main/0", "two+schemes://u:***@one,two/main/0"),
        ("scheme://host/?password=secret&a=1", "scheme://host/?password=***&a=1"),
        ("scheme://host?a=1&sentinel_password=secret", "scheme://host?a=1&sentinel_password=***"),
        ("scheme://host?sslpassword=secret", "scheme://host?sslpassword=***"),
        (
            "scheme://user:secret@host?ssl-password=secret",
            "scheme://user:***@host?ssl-password=***",
        ),
        ("scheme://user@host", "scheme://user@host"),
        ("https://token@host/path", "https://***@host/path"),
        ("http://token@host:80", "http://***@host:80"),
        ("git+https://token@host", "git+https://***@host"),
        ("wss://token@host", "wss://***@host"),
        ("https://host/users/@ada", "https://host/users/@ada"),
        ("https://host?to=ada@example.com", "https://host?to=ada@example.com"),
        ("memory://", "memory://"),
        ("no address at all", "no address at all"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(url: str, shown: str) -> None:
    assert hide_password(url) == shown


@pytest.mark.parametrize("url", ["memory://", "file:///file.db", "file:////root/file.db"])
def test_a_file_or_memory_is_accepted(url: str) -> None:
    read_plain_url(url)


@pytest.mark.parametrize(
    "url", ["memory://?a=1", "memory://host", "file:///file?mode=ro", "file://file.db"]
)
def test_a_file_or_memory_has_no_host_and_no_parameters(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(memory|file):// has no "):
        read_plain_url(url)
# {% if cookiecutter.database != "none" %}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^sqlite:// needs a file that connections share"):
        read_plain_url(url)
# {% endif %}
