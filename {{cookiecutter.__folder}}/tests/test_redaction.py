"""Secrets are not logged, whatever their field is called and however deep it is."""

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from app.core.redaction import Redactor, hide_in_urls


class Login(BaseModel):
    user: str = "ada"
    password: str = "hunter2"


@dataclass
class Account:
    user: str = "ada"
    api_key: str = "hunter2"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "PASSWORD",
        "db_password",
        "accessToken",
        "client-secret",
        "Authorization",
        "set_cookie",
        "X-API-Key",
        "private_key",
        "credentials",
    ],
)
def test_a_name_that_looks_like_a_secret_hides_the_value(name: str) -> None:
    assert Redactor().hide({name: "hunter2"}) == {name: "***"}


@pytest.mark.parametrize("name", ["item_id", "key", "author", "pass_rate", "path", "session"])
def test_other_names_do_not(name: str) -> None:
    assert Redactor().hide({name: 7}) == {name: 7}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"user": "ada", "password": "hunter2"}, {"user": "ada", "password": "***"}),
        ([{"token": 1}, {"name": 2}], [{"token": "***"}, {"name": 2}]),
        (({"token": 1},), [{"token": "***"}]),
        ({"request": {"headers": {"cookie": "a=b"}}}, {"request": {"headers": {"cookie": "***"}}}),
        ({7: {"secret": 1}}, {7: {"secret": "***"}}),
        (Login(), {"user": "ada", "password": "***"}),
        ([Account()], [{"user": "ada", "api_key": "***"}]),
    ],
)
def test_values_are_hidden_at_any_depth(value: object, shown: object) -> None:
    assert Redactor().hide({"body": value}) == {"body": shown}


def test_a_value_that_holds_itself_ends() -> None:
    body: dict[str, object] = {"name": "lamp"}
    body["self"] = body
    assert str(Redactor().hide({"body": body})).count("lamp") < 10


def test_a_team_hides_more() -> None:
    hidden = Redactor(["e-mail", "IBAN"]).hide({"user_email": "a@b", "iban": "DE1", "name": "ada"})
    assert hidden == {"user_email": "***", "iban": "***", "name": "ada"}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("no scheme://me:hunter2@server/ now", "no scheme://me:***@server/ now"),
        ('"scheme://:hunter2@server"', '"scheme://:***@server"'),
        ("scheme://me:hunt@er2@server", "scheme://me:***@server"),
        ("http://a:b@c and http://d:e@f", "http://a:***@c and http://d:***@f"),
        ("https://x/?page=2&access_token=abc&n=1", "https://x/?page=2&access_token=***&n=1"),
        ("http://host:80/users/ada@example.com", "http://host:80/users/ada@example.com"),
        ("ada@example.com: no URL", "ada@example.com: no URL"),
        ("cloned https://token@host/path now", "cloned https://***@host/path now"),
        ('"git+https://token@host"', '"git+https://***@host"'),
        ("ws://token@host and http://a@b", "ws://***@host and http://***@b"),
        ("http://host/users/ada@example.com", "http://host/users/ada@example.com"),
        ("http://host?to=ada@example.com", "http://host?to=ada@example.com"),
        ("scheme://service@host/name", "scheme://service@host/name"),
        *((f"a://{each * 100_000}", f"a://{each * 100_000}") for each in ("?", ":", "/", "a://")),
    ],
    ids=lambda line: line[:40],
)
def test_passwords_in_urls_are_hidden(line: str, shown: str) -> None:
    assert hide_in_urls(line) == shown
