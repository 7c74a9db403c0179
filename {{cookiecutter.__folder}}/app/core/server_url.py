"""URLs of servers: credentials, hosts, a path and known parameters; anything else is refused.

Every sentence names what is wrong and repeats no value: a URL holds passwords.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

Parser = Callable[[str], Any]
"""Returns the value of a parameter; raises ValueError for a text that is none."""

HOST = re.compile(
    r"\[(?P<ipv6>[0-9A-Fa-f:.]+(%25\w+)?)\](:(?P<port6>.*))?|(?P<name>[^:]*)(:(?P<port>.*))?"
)
LAST_PORT = 65535
LONGEST_SECONDS = 3600
HOST_NAME = re.compile(r"[\w.-]+")
NAME = re.compile(r"[A-Za-z][\w.-]*")
ESCAPE = "in a user name or password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23"


class Host(NamedTuple):
    """One server of those that a URL names."""

    name: str
    port: int

    def __str__(self) -> str:
        """Return it as it stands in a URL."""
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True)
class UrlForm:
    """How the URLs of one kind of server look."""

    ports: Mapping[str, int]
    """The schemes, each with the port of hosts that name none."""
    parameters: Mapping[str, Parser]
    host: str | None = None
    """The host of a URL that names none; None allows no such URL."""


@dataclass(frozen=True)
class ServerUrl:
    """The parts of a URL, decoded but for the path."""

    scheme: str
    user: str | None
    password: str | None
    hosts: tuple[Host, ...]
    path: str
    options: dict[str, Any]

    def refuse(self, prefix: str, reason: str) -> None:
        """Raise ValueError when a parameter begins with the prefix."""
        for name in self.options:
            if name.startswith(prefix):
                raise ValueError(f"{name} {reason}")


def read_server_url(url: str, form: UrlForm) -> ServerUrl:
    """Return the parts of a URL; raises ValueError, one sentence, for anything unknown in it."""
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("there is a space or a line break in the URL: write it as %20")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"the hosts cannot be read: {ESCAPE}") from None
    if parts.scheme not in form.ports:
        known = " or ".join(f"{scheme}://" for scheme in form.ports)
        raise ValueError(f"write a URL that starts with {known}")
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    port = form.ports[parts.scheme]
    if not hosts and form.host is None:
        raise ValueError("the URL names no host")
    found = tuple(read_host(host, port) for host in (hosts or form.host or "").split(","))
    if parts.fragment or "#" in url:
        raise ValueError(f"there is a # in the URL: {ESCAPE}")
    return ServerUrl(
        scheme=parts.scheme,
        user=unquote(user) or None,
        password=unquote(password) or None,
        hosts=found,
        path=parts.path,
        options=read_parameters(parts.query, form.parameters),
    )


def read_host(text: str, port: int) -> Host:
    """Return a host and its port; raises ValueError for what is none."""
    match = HOST.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"a host is missing, or cannot be read: {ESCAPE}")
    name = unquote(match["ipv6"] or match["name"])
    number = match["port6"] if match["ipv6"] else match["port"]
    if number and ":" in number:
        raise ValueError("write an IPv6 address in brackets: [::1]:1234")
    if not match["ipv6"] and not (HOST_NAME.fullmatch(name) or name.startswith("/")):
        raise ValueError(f"a host is missing, or cannot be read: {ESCAPE}")
    return Host(name, port if number is None else read_port(number))


def read_port(text: str) -> int:
    """Return a port; raises ValueError for what is none."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT):
        raise ValueError(f"a port is no number from 1 to {LAST_PORT}: {ESCAPE}")
    return int(text)


def read_parameters(query: str, known: Mapping[str, Parser]) -> dict[str, Any]:
    """Return the parameters by name; `ssl-mode` and `ssl.mode` count as `ssl_mode`."""
    options: dict[str, Any] = {}
    for part in filter(None, query.split("&")):
        written, _, value = part.partition("=")
        name = re.sub(r"[-.]", "_", written)
        if name not in known:
            # What is no name may be a part of a password that was not escaped.
            shown = f"unknown parameter {written}" if NAME.fullmatch(written) else "no parameter"
            names = ", ".join(known) or "none"
            raise ValueError(f"{shown} in the URL; the known parameters are: {names}")
        if name in options:
            raise ValueError(f"{name} stands twice in the URL")
        try:
            options[name] = known[name](unquote(value))
        except ValueError as error:
            raise ValueError(f"{name} in the URL: {error}") from None
    return options


def some_text(text: str) -> str:
    """Accept any text but none."""
    if not text:
        raise ValueError("it is empty")
    return text


def readable_file(text: str) -> str:
    """Accept the path of a file that can be read."""
    if not os.path.isfile(text) or not os.access(text, os.R_OK):  # noqa: PTH113 - a text is kept
        raise ValueError("there is no file there that can be read")
    return text


def true_or_false(text: str) -> bool:
    """Return whether a switch is on."""
    if (lower := text.lower()) not in {"true", "false", "yes", "no", "1", "0"}:
        raise ValueError("write true or false")
    return lower in {"true", "yes", "1"}


def seconds(text: str) -> float:
    """Return a number of seconds; none is without an end."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not (math.isfinite(number) and 0 < number <= LONGEST_SECONDS):
        raise ValueError("write a number of seconds, more than 0 and at most an hour")
    return number


def one_of(*values: str) -> Parser:
    """Return a parser that accepts these words, in capitals or not."""
    known = {value.lower(): value for value in values}

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"write one of {', '.join(values)}")
        return known[text.lower()]

    return parse


def whole_number(lowest: int, highest: int) -> Parser:
    """Return a parser that accepts whole numbers between these."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            raise ValueError(f"write a whole number from {lowest} to {highest}")
        return int(text)

    return parse
