"""Connecting to real servers by every kind of URL: TLS, logins, several hosts, and refusals."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.combinations import choose
from tests.connecting import attach_secure, connect, expired, fill, redis_server
from tests.processes import wait_for
from tests.recipes import make_service
from tests.small_template import ROOT
from tools.servers.ports import LOOPBACK, free_port
from tools.servers.probes import ask_redis
from tools.servers.process import spawn
from tools.servers.programs import required

pytestmark = [pytest.mark.slow, pytest.mark.servers]

PASSWORD_REFUSED = r"refused|denied|[Aa]uthentication failed|let us in"
NAME_REFUSED = r"(not valid for '127\.0\.0\.1')"
UNKNOWN = r"self-signed certificate in certificate chain|unable to get local issuer"
CLIENT_REFUSED = r"the server does not accept the certificate that it was shown"
EXPIRED = r"certificate has expired"
TLS = {
    "rabbitmq": "amqps://service:<password>@<host>:<tls>/?cacertfile=<ca>",
    "kafka": "kafkas://service:service@<host>:<sasl_tls>?ssl_cafile=<ca>",
    "redis": "rediss://<host>:<tls>/0?ssl_ca_certs=<ca>&socket_timeout=30",
    "postgresql": "postgresql://secure:<password>@<host>:<port>/service?sslmode=verify-full"
    "&sslrootcert=<ca>",
    "mariadb": "mysql://secure:<password>@<host>:<port>/service?ssl-mode=VERIFY_IDENTITY&ssl-ca=<ca>",
}
WORKING = {
    "rabbitmq": (
        TLS["rabbitmq"],
        "amqp://service:<password>@127.0.0.1:1,127.0.0.1:<port>/%2F?heartbeat=5&connection_attempts=2",
        "amqps://service:<password>@127.0.0.1:<tls>/?cacertfile=<ca>&server_name_indication=localhost",
        "amqps://service:<password>@localhost:<tls>/?verify=verify_none",
        "amqps://localhost:<tls>/?auth_mechanism=external&cacertfile=<ca>&certfile=<client>"
        "&keyfile=<key>",
    ),
    "kafka": (
        TLS["kafka"],
        "kafka://127.0.0.1:1,127.0.0.1:<port>?client_id=me",
        "kafka://service:service@127.0.0.1:<sasl>?sasl_mechanism=PLAIN",
        "kafka://service:service@127.0.0.1:<sasl>?sasl_mechanism=SCRAM-SHA-256",
        "kafka://service:service@127.0.0.1:<sasl>?sasl_mechanism=SCRAM-SHA-512",
        "kafka://127.0.0.1:<sasl>?sasl_mechanism=OAUTHBEARER",
        "kafkas://localhost:<sasl_tls>?sasl_mechanism=OAUTHBEARER&ssl_cafile=<ca>",
        "kafkas://service:service@localhost:<sasl_tls>?sasl_mechanism=PLAIN&ssl_cafile=<ca>",
        "kafkas://localhost:<tls>?ssl_cafile=<ca>&ssl_certfile=<client>&ssl_keyfile=<key>",
    ),
    "redis": (
        TLS["redis"],
        "redis://service:service@127.0.0.1:<port>/3?protocol=3&client_name=me&socket_timeout=30",
        "rediss://localhost:<tls>/0?ssl_ca_certs=<ca>&ssl_certfile=<client>&ssl_keyfile=<key>"
        "&socket_timeout=30",
    ),
    "postgresql": (
        TLS["postgresql"],
        "postgresql://secure:<password>@127.0.0.1:<port>/service",
        "postgresql://secure:<password>@127.0.0.1:<port>/service?sslmode=allow",
        "postgresql://secure:<password>@127.0.0.1:<port>/service?sslmode=require&connect_timeout=9"
        "&application_name=me&options=-c%20search_path%3Dpublic",
        "postgresql://secure:<password>@127.0.0.1:<port>/service?sslmode=verify-ca&sslrootcert=<ca>",
        "postgresql://service:<password>@127.0.0.1:1,127.0.0.1:<port>/service"
        "?target_session_attrs=read-write",
        "postgresql://?host=127.0.0.1&port=<port>&user=service&password=<password>&dbname=service",
        "postgresql://certified@localhost:<port>/service?sslmode=verify-full&sslrootcert=<ca>"
        "&sslcert=<client>&sslkey=<key>",
    ),
    "mariadb": (
        TLS["mariadb"],
        "mysql://secure:<password>@127.0.0.1:<port>/service?ssl-mode=REQUIRED&connect-timeout=9",
        "mysql://secure:<password>@127.0.0.1:<port>/service?ssl-mode=PREFERRED&charset=utf8mb4",
        "mysql://secure:<password>@127.0.0.1:<port>/service?ssl-ca=<ca>",
        "mysql://certified:<password>@localhost:<port>/service?ssl-ca=<ca>&ssl-cert=<client>"
        "&ssl-key=<key>",
    ),
}
SHOWING = {
    "rabbitmq": (
        WORKING["rabbitmq"][-1],
        "amqps://service:<password>@localhost:<tls>/?cacertfile=<ca>&certfile=<client>"
        "&keyfile=<key>",
    ),
    # The second one shows none.
    "kafka": (WORKING["kafka"][-1], "kafkas://localhost:<tls>?ssl_cafile=<ca>"),
    "redis": WORKING["redis"][-1:],
    "postgresql": (
        WORKING["postgresql"][-1],
        "postgresql://secure:<password>@localhost:<port>/service?sslmode=require&sslcert=<client>"
        "&sslkey=<key>",
    ),
    "mariadb": WORKING["mariadb"][-1:],
}
WRONG_PASSWORDS = {
    "rabbitmq": ("amqp://service:hunter2@127.0.0.1:<port>/",),
    "kafka": tuple(
        f"kafka://service:hunter2@127.0.0.1:<sasl>?sasl_mechanism={mechanism}"
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
    ),
    "redis": ("redis://service:hunter2@127.0.0.1:<port>/0?socket_timeout=30",),
    "postgresql": ("postgresql://secure:hunter2@127.0.0.1:<port>/service",),
    "mariadb": ("mysql://secure:hunter2@127.0.0.1:<port>/service?ssl-mode=REQUIRED",),
}
VARIABLES = {"redis": "REDIS_URL", "postgresql": "DATABASE_URL", "mariadb": "DATABASE_URL"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Services that know every server between them."""
    folder = tmp_path_factory.mktemp("connecting")
    return {
        database: make_service(folder / database, choose(broker="both", database=database))
        for database in ("postgresql", "mysql")
    }


@pytest.fixture(params=list(TLS))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a server."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def places(name: str) -> dict[str, object]:
    """What stands in the URLs of a server."""
    server = attach_secure(name)
    folder = server.certificates
    files = {
        "ca": "ca.pem",
        "client": "client.pem",
        "key": "client.key",
        "other": "stranger-ca.pem",
    }
    paths = {key: folder / file for key, file in files.items()}
    own = {"folder": folder, "port": server.port, "password": server.password}
    return {**own, **server.ports, **paths}


@pytest.fixture
def service(name: str, services: dict[str, Path]) -> Path:
    """A service that may connect to the server."""
    return services["mysql" if name == "mariadb" else "postgresql"]


def ask(service: Path, name: str, places: dict[str, object], *urls: str) -> dict[str, str]:
    """Return what a service says to each URL of a server."""
    filled = [fill(url, places) for url in urls]
    variable = VARIABLES.get(name, "BROKER_URL")
    return dict(zip(urls, connect(service, *((variable, url) for url in filled)), strict=True))


def test_each_way_to_connect_leads_there(
    service: Path, name: str, places: dict[str, object]
) -> None:
    answers = ask(service, name, places | {"host": "localhost"}, *WORKING[name])
    assert answers == dict.fromkeys(WORKING[name], "ok")


@pytest.mark.parametrize(
    "case",
    [("127.0.0.1", "ca", NAME_REFUSED), ("localhost", "other", UNKNOWN)],
    ids=["the wrong host name", "an unknown authority"],
)
def test_a_certificate_that_is_not_accepted_is_one_sentence(
    service: Path, name: str, places: dict[str, object], case: tuple[str, str, str]
) -> None:
    host, authority, reason = case
    own = places | {"host": host, "ca": places[authority]}
    (answer,) = ask(service, name, own, TLS[name]).values()
    assert re.fullmatch(rf"[A-Z]+_URL: [^\n]*({reason})[^\n]*", answer), answer


@pytest.mark.parametrize("name", list(SHOWING), indirect=True)
def test_a_client_certificate_that_the_server_refuses_is_one_sentence(
    service: Path, name: str, places: dict[str, object]
) -> None:
    folder = Path(str(places["folder"]))
    strange = {"client": folder / "stranger.pem", "key": folder / "stranger.key"}
    for answer in ask(service, name, places | strange, *SHOWING[name]).values():
        assert re.fullmatch(rf"[A-Z]+_URL: [^\n]*({CLIENT_REFUSED})[^\n]*", answer), answer
        assert "no broker answers" not in answer


def test_an_expired_certificate_is_one_sentence(
    service: Path, name: str, places: dict[str, object]
) -> None:
    folder = Path(str(places["folder"]))
    greeting = answer_to_tls = b""
    if name == "mariadb":
        with socket.create_connection((LOOPBACK, int(str(places["port"])))) as connection:
            greeting = connection.recv(1024)
    if name == "postgresql":
        answer_to_tls = b"S"
    with expired(folder, greeting, answer_to_tls) as port:
        own = {"host": "localhost", "ca": places["ca"]}
        own |= dict.fromkeys(("port", "tls", "sasl_tls"), port)
        (answer,) = ask(service, name, own, TLS[name]).values()
    assert re.fullmatch(rf"[A-Z]+_URL: [^\n]*{EXPIRED}[^\n]*", answer), answer


def test_a_wrong_password_is_one_sentence_without_it(
    service: Path, name: str, places: dict[str, object]
) -> None:
    for answer in ask(service, name, places, *WRONG_PASSWORDS[name]).values():
        assert re.fullmatch(rf"[A-Z]+_URL: [^\n]*({PASSWORD_REFUSED})[^\n]*", answer), answer
        assert "hunter2" not in answer


def test_redis_in_cluster_mode_is_refused_at_the_start(
    services: dict[str, Path], tmp_path: Path
) -> None:
    with redis_server(tmp_path, "--cluster-enabled", "yes") as port:
        url = f"redis://{LOOPBACK}:{port}/0"
        wait_for(lambda: ask_redis(url), "Redis")
        slots = [required("redis-cli"), "-h", LOOPBACK, "-p", str(port)]
        slots += ["cluster", "addslotsrange", "0", "16383"]
        subprocess.run(slots, check=True, capture_output=True)
        answers = connect(services["postgresql"], ("REDIS_URL", url), ("REDIS_URL", f"{url[:-1]}1"))
    for answer in answers:
        assert re.fullmatch(r"REDIS_URL: this Redis is in cluster mode[^\n]*", answer), answer


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[int]:
    """The port of a sentinel that knows a master."""
    port = free_port()
    with redis_server(tmp_path) as master:
        configuration = tmp_path / "sentinel.conf"
        configuration.write_text(
            f"bind {LOOPBACK}\nport {port}\nsentinel monitor main {LOOPBACK} {master} 1\n"
        )
        command = [required("redis-server"), str(configuration), "--sentinel"]
        process = spawn(command, log=tmp_path / "sentinel.log")
        try:
            wait_for(lambda: ask_redis(f"redis://{LOOPBACK}:{port}"), "the sentinel")
            yield port
        finally:
            process.stop()


def test_sentinels_lead_to_the_master(services: dict[str, Path], sentinel: int) -> None:
    url = f"redis+sentinel://{LOOPBACK}:1,{LOOPBACK}:{sentinel}/main/0"
    assert connect(services["postgresql"], ("REDIS_URL", url)) == ["ok"]


def read_examples() -> list[str]:
    """Return the URLs of the table in the documentation."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    table = text.partition("## URLs of servers")[2].partition("\n## ")[0]
    return re.findall(r"^\| .*\| `([a-z+]+://[^`]*)` \|$", table, flags=re.MULTILINE)


PARSE = """
import sys
from pydantic import ValidationError
from app.core import server_config as groups
def place(url, group):
    try: group(url=url)
    except ValidationError as error: print(url, error)
kinds = {"postgresql": "Database", "mysql": "Database", "sqlite": "Database", "memory": "Broker"}
kinds |= dict.fromkeys(("amqp", "amqps", "kafka", "kafkas"), "Broker")
for url in sys.argv[1:]:
    scheme = url.partition(":")[0]
    place(url, getattr(groups, kinds.get(scheme, "Redis") + "Settings"))
"""


def test_each_example_of_the_documentation_is_accepted(
    services: dict[str, Path], tmp_path: Path
) -> None:
    folder = attach_secure("redis").certificates
    examples = read_examples()
    assert len(examples) > 20
    for example in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / example).write_bytes((folder / example).read_bytes())
    placed = [url.replace("/run/tls/", f"{tmp_path}/") for url in examples]
    for database, service in services.items():
        own = [
            url
            for url in placed
            if not url.startswith("mysql" if database == "postgresql" else "postgresql")
        ]
        done = subprocess.run(
            [service / ".venv/bin/python", "-c", PARSE, *own],
            cwd=service,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == ""
