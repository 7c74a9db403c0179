"""Ask the process of this container whether it is alive, or ready: no HTTP client is needed."""

import http.client
import os
import sys

# Read from the environment alone, because this is started every few seconds.
# {% if cookiecutter.interface != "worker" %}
API_PORT = os.environ.get("MANAGEMENT_PORT") or os.environ.get("PORT") or "8000"
# {% endif %}
# {% if cookiecutter.interface == "api" %}
PORTS: tuple[str, ...] = (API_PORT,)
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
PORTS = (os.environ.get("WORKER_HEALTH_PORT") or "8001",)
# {% endif %}
# {% if cookiecutter.interface == "api-and-worker" %}
# A container runs the API or the worker; nobody listens on the port of the other.
PORTS = tuple({API_PORT, os.environ.get("WORKER_HEALTH_PORT") or "8001"})
# {% endif %}
PATIENCE_SECONDS = 4.0


def ask(port: int, question: str) -> int | None:
    """Return the status of the answer, or None when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", f"/health/{question}")
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def main(arguments: list[str] | None = None) -> None:
    """Ask `live`, or what is named; exit with one line unless the answer is 200.

    Port 0 is that of a worker that was told to listen nowhere: there is nothing to ask then.
    """
    question = ((sys.argv[1:] if arguments is None else arguments) or ["live"])[0]
    try:
        numbers = [int(port) for port in PORTS]
    except ValueError:
        sys.exit(f"health: a port is a number, unlike in {' and '.join(PORTS)}")
    try:
        found = (ask(port, question) for port in numbers if port != 0)
        answers = [answer for answer in found if answer is not None]
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"health: {error}")
    if not answers and 0 in numbers:
        return
    if answers != [http.client.OK]:
        sys.exit(f"health: {answers[0] if answers else 'nobody listens'}")


if __name__ == "__main__":
    main()
