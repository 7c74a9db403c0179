"""Servers for tests, drills and samples: found by URL, started in Docker, or from packages."""

from tools.servers.fleet import attach, ensure, find, stop
from tools.servers.programs import ServerError
from tools.servers.server import Server
from tools.servers.versions import KINDS, NAMES

__all__ = ["KINDS", "NAMES", "Server", "ServerError", "attach", "ensure", "find", "stop"]
