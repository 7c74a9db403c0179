"""Systems: many services of one file, rendered, checked against each other and composed."""

from tools.system.building import build
from tools.system.checks import read
from tools.system.errors import SystemRefusedError
from tools.system.file import Service, System

__all__ = ["Service", "System", "SystemRefusedError", "build", "read"]
