"""Free ports of the loopback interface."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the kernel's ephemeral range, so that no outgoing connection takes the port of a server
# while a drill has it stopped.
CANDIDATES = range(20_000, 32_000)

_given: set[int] = set()


def free_port() -> int:
    """Return a port that nothing listens on and that this process has not given out before."""
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError("no free port on the loopback interface")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
