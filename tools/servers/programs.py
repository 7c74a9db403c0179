"""Programs of servers that this machine has, and the error that says that one is missing."""

import os
import shutil

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class ServerError(Exception):
    """Say in one line which server failed and what to do."""


def program(name: str, *folders: str) -> str | None:
    """Find a program: in the given folders, on the path, among the system's programs."""
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    return shutil.which(name, path=path)


def required(name: str, *folders: str) -> str:
    """Find a program that has to be there."""
    found = program(name, *folders)
    if found is None:
        raise ServerError(f"{name}: the program is not installed; install it or start Docker")
    return found
