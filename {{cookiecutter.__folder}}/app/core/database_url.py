# {% if cookiecutter.database == "postgresql" %}
"""The URLs of PostgreSQL, with the parameters of libpq."""

import re
import ssl
from typing import Any
from urllib.parse import unquote, urlencode

from app.core.server_url import (
    Host,
    ServerUrl,
    UrlForm,
    one_of,
    read_host,
    read_port,
    read_server_url,
    readable_file,
    seconds,
    some_text,
)
from app.core.tls import make_context

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERSIONS = ("TLSv1.2", "TLSv1.3")
SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
SYSTEM = "system"
SESSION = ("application_name", "options")
TLS = (
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
)
# What the service sets itself, and by which variable.
OURS = {
    "statement_timeout": "DATABASE_STATEMENT_SECONDS",
    "lock_timeout": "DATABASE_LOCK_SECONDS",
    "idle_in_transaction_session_timeout": "the service",
    "timezone": "the service",
}


def several_hosts(text: str) -> list[str]:
    """Return the hosts, or folders of sockets, that stand in a parameter."""
    hosts = text.split(",")
    for host in hosts:
        if not host.startswith("/"):
            read_host(host, 5432)
    return hosts


def several_ports(text: str) -> list[int]:
    """Return the ports that stand in a parameter."""
    return [read_port(port) for port in text.split(",")]


def file_or_system(text: str) -> str:
    """Accept a file of certificates, or `system` for those that the system trusts."""
    return text if text == SYSTEM else readable_file(text)


def session_options(text: str) -> str:
    """Accept `-c name=value` for all but what the service sets itself."""
    for name in re.findall(r"(?:-c\s*|--)([\w.-]+)", text):
        if owner := OURS.get(name.replace("-", "_").lower()):
            raise ValueError(f"{name} is set by {owner}")
    return some_text(text)


FORM = UrlForm(
    ports={"postgresql": 5432},
    parameters={
        "application_name": some_text,
        "connect_timeout": seconds,
        "dbname": some_text,
        "host": several_hosts,
        "options": session_options,
        "passfile": readable_file,
        "password": some_text,
        "port": several_ports,
        "ssl_max_protocol_version": one_of(*VERSIONS),
        "ssl_min_protocol_version": one_of(*VERSIONS),
        "sslcert": readable_file,
        "sslcrl": readable_file,
        "sslkey": readable_file,
        "sslmode": one_of(*MODES),
        "sslnegotiation": one_of("postgres", "direct"),
        "sslpassword": some_text,
        "sslrootcert": file_or_system,
        "target_session_attrs": one_of(*SESSIONS),
        "user": some_text,
    },
    host="localhost",
)


def read_database_url(url: str) -> ServerUrl:
    """Return the parts of `postgresql://user:password@host:5432[,host:5432]/name[?parameters]`.

    Raises ValueError, one sentence, for anything unknown in it.
    """
    parts = read_server_url(url, FORM)
    options = parts.options
    mode = options.get("sslmode")
    if options.get("sslrootcert") == SYSTEM and mode != "verify-full":
        raise ValueError("sslrootcert=system needs sslmode=verify-full")
    if options.get("sslnegotiation") == "direct" and mode not in MODES[3:]:
        raise ValueError("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full")
    if parts.options.keys() & {"sslcert", "sslkey", "sslrootcert"}:
        # Without files of its own it would read those of the system, for 21 ms.
        make_database_context(parts)
    list_hosts(parts)
    return parts


def make_database_context(parts: ServerUrl, mode: str = "verify-full") -> ssl.SSLContext:
    """Return a TLS context with the files of a URL, which verifies the server as the mode says."""
    root = parts.options.get("sslrootcert")
    return make_context(
        ca=None if root == SYSTEM else root,
        certificate=parts.options.get("sslcert"),
        key=parts.options.get("sslkey"),
        password=parts.options.get("sslpassword"),
        verify=mode.startswith("verify"),
        check_hostname=mode == "verify-full",
    )


def list_hosts(parts: ServerUrl) -> tuple[Host, ...]:
    """Return the servers, or folders of sockets, in the order in which they are tried."""
    names = parts.options.get("host")
    ports = parts.options.get("port")
    hosts = parts.hosts
    if names:
        hosts = tuple(
            Host(name, 5432) if name.startswith("/") else read_host(name, 5432) for name in names
        )
    if ports:
        if len(ports) not in {1, len(hosts)}:
            raise ValueError("port in the URL: write one, or as many as there are hosts")
        ports = ports * len(hosts) if len(ports) == 1 else ports
        hosts = tuple(Host(host.name, port) for host, port in zip(hosts, ports, strict=True))
    return hosts


def read_name(parts: ServerUrl) -> str | None:
    """Return the name of the database, if the URL has one."""
    return parts.options.get("dbname") or unquote(parts.path[1:]) or None


def make_arguments(parts: ServerUrl) -> dict[str, Any]:
    """Return the driver's arguments for a URL, but for user, password and name of the database."""
    options = parts.options
    hosts = list_hosts(parts)
    encryption = {name: options[name] for name in TLS if name in options}
    arguments: dict[str, Any] = {
        "host": [host.name for host in hosts],
        "port": [host.port for host in hosts],
        "server_settings": {name: options[name] for name in SESSION if name in options},
    }
    if encryption.get("sslrootcert") == SYSTEM:
        arguments["ssl"] = make_database_context(parts)
        arguments["direct_tls"] = options.get("sslnegotiation") == "direct"
    elif encryption:
        # The driver reads these from a URL only, at each connection.
        arguments["dsn"] = f"postgresql://?{urlencode(encryption)}"
    if "sslcert" in options:
        arguments["shown"] = make_database_context(parts, options.get("sslmode", "prefer"))
    if "connect_timeout" in options:
        arguments["timeout"] = options["connect_timeout"]
    for name in ("passfile", "target_session_attrs"):
        if name in options:
            arguments[name] = options[name]
    return arguments
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
"""The URLs of MySQL and MariaDB, with the parameters of their own clients."""

import ssl
from typing import Any
from urllib.parse import unquote

from app.core.server_url import (
    ServerUrl,
    UrlForm,
    one_of,
    read_server_url,
    readable_file,
    seconds,
    some_text,
)
from app.core.tls import make_context

MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
FORM = UrlForm(
    ports={"mysql": 3306},
    parameters={
        # The service stores every character.
        "charset": one_of("utf8mb4"),
        "connect_timeout": seconds,
        "program_name": some_text,
        "socket": some_text,
        "ssl_ca": readable_file,
        "ssl_cert": readable_file,
        "ssl_key": readable_file,
        "ssl_mode": one_of(*MODES),
    },
    host="localhost",
)


def read_database_url(url: str) -> ServerUrl:
    """Return the parts of `mysql://user:password@host:3306/name[?parameters]`.

    Raises ValueError, one sentence, for anything unknown in it.
    """
    parts = read_server_url(url, FORM)
    if len(parts.hosts) > 1:
        raise ValueError("MySQL has one host: name that of a proxy for several")
    if read_mode(parts) in {"VERIFY_CA", "VERIFY_IDENTITY"} and "ssl_ca" not in parts.options:
        raise ValueError("ssl_mode in the URL: to verify the server, name its authority's ssl_ca")
    if parts.options.get("ssl_mode") == "DISABLED":
        for name in ("ssl_ca", "ssl_cert", "ssl_key"):
            parts.refuse(name, "needs TLS: write another ssl_mode than DISABLED")
    make_database_context(parts)
    return parts


def read_mode(parts: ServerUrl) -> str:
    """Return how TLS is used; as in MySQL's own clients, an authority is there to be asked."""
    implied = "DISABLED"
    if "ssl_ca" in parts.options:
        implied = "VERIFY_CA"
    elif "ssl_cert" in parts.options or "ssl_key" in parts.options:
        implied = "REQUIRED"
    mode: str = parts.options.get("ssl_mode", implied)
    return mode


def make_database_context(parts: ServerUrl) -> ssl.SSLContext | None:
    """Return the TLS context that the parameters of a URL ask for, or None."""
    mode = read_mode(parts)
    if mode == "DISABLED":
        return None
    return make_context(
        ca=parts.options.get("ssl_ca"),
        certificate=parts.options.get("ssl_cert"),
        key=parts.options.get("ssl_key"),
        verify=mode.startswith("VERIFY"),
        check_hostname=mode == "VERIFY_IDENTITY",
    )


def read_name(parts: ServerUrl) -> str | None:
    """Return the name of the database, if the URL has one."""
    return unquote(parts.path[1:]) or None


def make_arguments(parts: ServerUrl) -> dict[str, Any]:
    """Return the driver's arguments for a URL, but for host, login and name of the database."""
    options = parts.options
    arguments: dict[str, Any] = {}
    if context := make_database_context(parts):
        arguments["ssl"] = context
        arguments["ssl_preferred"] = read_mode(parts) == "PREFERRED"
        arguments["ssl_shows"] = "ssl_cert" in options and "socket" not in options
    if "connect_timeout" in options:
        arguments["connect_timeout"] = options["connect_timeout"]
    if "program_name" in options:
        arguments["program_name"] = options["program_name"]
    if "socket" in options:
        arguments["unix_socket"] = options["socket"]
    return arguments
# {% endif %}
