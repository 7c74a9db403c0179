"""Servers for tests, drills and samples: found by URL, started in Docker, or from packages."""

from tools.servers.fleet import NAMES, attach, ensure, find, stop
from tools.servers.server import Server, ServerError

__all__ = ["NAMES", "Server", "ServerError", "attach", "ensure", "find", "stop"]
