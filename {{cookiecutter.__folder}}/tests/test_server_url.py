"""URLs of servers: what they may hold, and that anything else is refused without its value."""

import pytest

from app.core.server_url import (
    UrlForm,
    one_of,
    read_server_url,
    readable_file,
    seconds,
    some_text,
    true_or_false,
    whole_number,
)

FORM = UrlForm(
    ports={"scheme": 1234},
    parameters={
        "a_file": readable_file,
        "a_name": some_text,
        "a_number": whole_number(1, 9),
        "a_switch": true_or_false,
        "a_time": seconds,
        "a_word": one_of("One", "Two"),
    },
)


@pytest.mark.parametrize(
    ("hosts", "read"),
    [
        ("host", ["host:1234"]),
        ("host:1", ["host:1"]),
        ("one,two:2,3.3.3.3", ["one:1234", "two:2", "3.3.3.3:1234"]),
        ("[::1]", ["[::1]:1234"]),
        ("[::1]:5,[fe80::1%25eth0]", ["[::1]:5", "[fe80::1%eth0]:1234"]),
        ("some_name.local", ["some_name.local:1234"]),
    ],
)
def test_hosts_are_several_with_or_without_ports(hosts: str, read: list[str]) -> None:
    parts = read_server_url(f"scheme://user:password@{hosts}/path", FORM)
    assert [str(host) for host in parts.hosts] == read
    assert parts.path == "/path"


def test_what_is_escaped_in_a_login_is_decoded() -> None:
    parts = read_server_url("scheme://%C3%BCser%40home:p%3Aa%2Fs%3Fs%23%2Cw@host", FORM)
    assert (parts.user, parts.password) == ("üser@home", "p:a/s?s#,w")


def test_parameters_have_types_and_names_with_dashes_or_dots_too() -> None:
    query = "a-name=x%20y&a.number=3&a_switch=No&a_time=0.5&a_word=two"
    assert read_server_url(f"scheme://host/?{query}", FORM).options == {
        "a_name": "x y",
        "a_number": 3,
        "a_switch": False,
        "a_time": 0.5,
        "a_word": "Two",
    }


@pytest.mark.parametrize(
    "secret",
    [
        "scheme://user:hunter2@host?surprise=hunter2",
        "scheme://user:hunter2@host?a_word=hunter2",
        "scheme://user:hunter2@host?a_number=0",
        "scheme://user:hunter2@host?a_number=hunter2",
        "scheme://user:hunter2@host?a_time=0",
        "scheme://user:hunter2@host?a_time=inf",
        "scheme://user:hunter2@host?a_time=nan",
        "scheme://user:hunter2@host?a_time=hunter2",
        "scheme://user:hunter2@host?a_switch=hunter2",
        "scheme://user:hunter2@host?a_file=/no/file/hunter2",
        "scheme://user:hunter2@host?a_file=/",
        "scheme://user:hunter2@host?a_name=",
        "scheme://user:hunter2@host?a_name=1&a_name=hunter2",
        "scheme://user:hunter2@host:hunter2",
        "scheme://user:hunter2@host:0",
        "scheme://user:hunter2@host:65536",
        "scheme://user:hunter2@one,,two",
        "scheme://user:hunter2@::1",
        "scheme://user:hunter2@[::1",
        "scheme://user:hunter2@ho st",
        "scheme://user:hunter2@host\n",
        "scheme://user:hunter2@host#hunter2",
        "scheme://user:hunter2@",
        "scheme://user:hunt/er2@host",
        "scheme://user:hunt?hunter2@host",
        "scheme://user:12?hunter2@host",
        "scheme://user:hunt#er2@host",
        "scheme://user:hunter2@h\u2100st",
        "other://user:hunter2@host",
        "scheme:user:hunter2@host",
        "hunter2",
        "",
    ],
)
def test_anything_else_is_refused_in_one_sentence_that_repeats_no_value(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as raised:
        read_server_url(secret, FORM)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_an_unknown_parameter_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown parameter surprise .* a_file, a_name, a_number"):
        read_server_url("scheme://host?surprise=1", FORM)
