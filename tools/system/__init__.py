"""Systems: many services of one file, rendered, checked against each other and composed."""

from tools.system.building import build
from tools.system.checks import read
from tools.system.errors import NotUpdatedError, SystemRefusedError
from tools.system.file import Service, System

__all__ = ["NotUpdatedError", "Service", "System", "SystemRefusedError", "build", "read"]
