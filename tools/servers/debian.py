"""Packages of Debian, installed without starting the services they bring."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.servers.state import locked

POLICY = Path("/usr/sbin/policy-rc.d")
# Where only root writes: one run of this machine installs at a time.
LOCK = Path("/run/tools-servers-packages.lock")
NEVER_START = "#!/bin/sh\n# Of tools/servers: it goes when the packages are installed.\nexit 101\n"
INSTALL = ("install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")


def can_install() -> bool:
    """Tell whether this is Debian and we are root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], *, log: Path) -> bool:
    """Install packages, with fresh lists when the ones here do not do; tell whether it worked."""
    with no_service_starts():
        if _apt(*INSTALL, *packages, log=log):
            return True
        return _apt("update", log=log) and _apt(*INSTALL, *packages, log=log)


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Forbid packages to start their services, and put the machine's own policy back.

    Another run waits: it would take our policy for the machine's, and leave it behind.
    """
    with locked(LOCK):
        earlier = POLICY.read_bytes() if POLICY.exists() else None
        # Of a run that was killed.
        if earlier == NEVER_START.encode():
            earlier = None
        mode = POLICY.stat().st_mode if earlier is not None else 0o755
        POLICY.write_text(NEVER_START)
        POLICY.chmod(0o755)
        try:
            yield
        finally:
            if earlier is None:
                POLICY.unlink(missing_ok=True)
            else:
                POLICY.write_bytes(earlier)
                POLICY.chmod(mode)


def _apt(*arguments: str, log: Path) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        done = subprocess.run(
            ["apt-get", *arguments], env=environment, stdout=file, stderr=file, check=False
        )
    return done.returncode == 0
