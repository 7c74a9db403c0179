# {% if cookiecutter.database == "postgresql" %}
"""The URLs of PostgreSQL: libpq's parameters, and what is refused."""

import asyncpg
import pytest

from app.core.database_url import make_arguments, read_database_url, read_name
from app.core.postgresql_hosts import connect_in_turn
from app.core.server_config import DatabaseSettings
from app.engine import choose_arguments, read_url


def test_parameters_of_libpq_reach_the_driver() -> None:
    url = (
        "postgresql://one,two:2/name?sslmode=require&application_name=orders"
        "&options=-c%20search_path%3Dmine&connect_timeout=3&target_session_attrs=read-write"
    )
    assert make_arguments(read_database_url(url)) == {
        "dsn": "postgresql://?sslmode=require",
        "host": ["one", "two"],
        "port": [5432, 2],
        "server_settings": {"application_name": "orders", "options": "-c search_path=mine"},
        "target_session_attrs": "read-write",
        "timeout": 3,
    }


@pytest.mark.parametrize(
    ("url", "hosts", "ports"),
    [
        ("postgresql:///name?host=/run/postgresql", ["/run/postgresql"], [5432]),
        ("postgresql://%2Frun%2Fpostgresql/name", ["/run/postgresql"], [5432]),
        ("postgresql://?host=one,two&port=1,2&dbname=name", ["one", "two"], [1, 2]),
        ("postgresql://?host=one,two&port=1&dbname=name", ["one", "two"], [1, 1]),
        ("postgresql://[::1]/name", ["::1"], [5432]),
    ],
)
def test_hosts_stand_in_either_place(url: str, hosts: list[str], ports: list[int]) -> None:
    parts = read_database_url(url)
    arguments = make_arguments(parts)
    assert (arguments["host"], arguments["port"], read_name(parts)) == (hosts, ports, "name")


def test_the_limits_of_the_service_stand_beside_the_parameters() -> None:
    settings = DatabaseSettings(url="postgresql://host/name?application_name=orders")
    chosen = choose_arguments(read_url(settings.url), settings)
    assert chosen["server_settings"]["application_name"] == "orders"
    assert chosen["server_settings"]["statement_timeout"] == "30000"


@pytest.mark.parametrize(
    "query",
    [
        "surprise=1",
        "sslmode=on",
        "ssl=true",
        "sslrootcert=/no/file",
        "sslrootcert=/etc/hostname",
        "sslrootcert=system",
        "sslrootcert=system&sslmode=require",
        "sslnegotiation=direct",
        "sslkey=/etc/hostname",
        "connect_timeout=0",
        "port=1,2",
        "target_session_attrs=any-of-them",
        "options=-c%20statement_timeout%3D0",
        "options=--lock-timeout%3D0",
        "options=-c%20TimeZone%3DCET",
        "options=-cidle_in_transaction_session_timeout%3D0",
    ],
)
def test_what_makes_no_sense_or_is_the_services_own_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_database_url(f"postgresql://host/name?{query}")


@pytest.mark.parametrize(
    ("wanted", "tried"),
    [
        ("any", [("one", "any"), ("two", "any")]),
        (
            "prefer-standby",
            [("one", "standby"), ("two", "standby"), ("one", "any"), ("two", "any")],
        ),
    ],
)
async def test_each_server_has_a_limit_of_its_own(
    wanted: str, tried: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    async def connect(*, host: str, target_session_attrs: str, **_: object) -> str:
        seen.append((host, target_session_attrs))
        if (host, target_session_attrs) != ("two", "any"):
            raise TimeoutError
        return "connected"

    monkeypatch.setattr(asyncpg, "connect", connect)
    connecting = connect_in_turn(host=["one", "two"], port=[1, 2], target_session_attrs=wanted)
    assert await connecting == "connected"
    assert seen == tried
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
"""The URLs of MySQL and MariaDB: their clients' parameters, and what is refused."""

import ssl

import pytest

from app.core.database_url import make_arguments, read_database_url


def test_parameters_of_its_clients_reach_the_driver() -> None:
    url = "mysql://user:password@host/name?charset=utf8mb4&connect-timeout=3&program_name=orders"
    assert make_arguments(read_database_url(url)) == {
        "connect_timeout": 3,
        "program_name": "orders",
    }


@pytest.mark.parametrize(
    ("mode", "preferred"), [("PREFERRED", True), ("required", False), ("REQUIRED", False)]
)
def test_modes_without_an_authority_verify_nothing(mode: str, *, preferred: bool) -> None:
    arguments = make_arguments(read_database_url(f"mysql://host/name?ssl-mode={mode}"))
    assert arguments["ssl"].verify_mode == ssl.CERT_NONE
    assert arguments["ssl_preferred"] is preferred


def test_a_socket_stands_in_a_parameter() -> None:
    parts = read_database_url("mysql://user@/name?socket=/run/mysqld.sock")
    assert make_arguments(parts) == {"unix_socket": "/run/mysqld.sock"}


@pytest.mark.parametrize(
    "query",
    [
        "surprise=1",
        "ssl=true",
        "ssl-mode=on",
        "ssl-mode=VERIFY_CA",
        "ssl-mode=VERIFY_IDENTITY",
        "ssl-mode=DISABLED&ssl-ca=/etc/hostname",
        "ssl-ca=/no/file",
        "ssl-ca=/etc/hostname",
        "ssl-key=/etc/hostname",
        "connect_timeout=0",
        "charset=latin1",
        "init_command=x",
        "sql_mode=x",
    ],
)
def test_what_makes_no_sense_or_is_the_services_own_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_database_url(f"mysql://host/name?{query}")


def test_several_hosts_are_refused() -> None:
    with pytest.raises(ValueError, match="one host"):
        read_database_url("mysql://one,two/name")
# {% endif %}
