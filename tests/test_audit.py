"""`just audit` asks about everything that the image installs, and fails for what is known."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.combinations import TELLING
from tests.recipes import make_service, run_recipe

pytestmark = pytest.mark.slow

ASKED = ("--vulnerability-service", "osv", "--osv-url")


class Vulnerabilities(HTTPServer):
    """A stand-in for the place where vulnerabilities are known, as pip-audit asks it."""

    def __init__(self) -> None:
        """Know none, on a free port."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: set[str] = set()
        self.known: set[str] = set()


class Answer(BaseHTTPRequestHandler):
    """One question: a package and its version."""

    server: Vulnerabilities

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["content-length"])))["package"]["name"]
        self.server.asked.add(name)
        package = {"name": name, "ecosystem": "PyPI"}
        found = [{"id": "PYSEC-0000-1", "affected": [{"package": package}]}]
        body = json.dumps({"vulns": found} if name in self.server.known else {}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def vulnerabilities() -> Iterator[Vulnerabilities]:
    with Vulnerabilities() as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with the tools of its own environment."""
    return make_service(tmp_path_factory.mktemp("audit") / "service", TELLING["api-alone"])


def test_what_the_image_installs_is_asked_about_and_no_tool(
    service: Path, vulnerabilities: Vulnerabilities
) -> None:
    url = f"http://127.0.0.1:{vulnerabilities.server_port}"
    result = run_recipe(service, "audit", *ASKED, url)
    assert result.returncode == 0, result.stdout
    assert {"fastapi", "starlette", "gunicorn"} <= vulnerabilities.asked
    assert "pytest" not in vulnerabilities.asked


def test_a_known_vulnerability_fails_it(service: Path, vulnerabilities: Vulnerabilities) -> None:
    vulnerabilities.known.add("starlette")
    url = f"http://127.0.0.1:{vulnerabilities.server_port}"
    result = run_recipe(service, "audit", *ASKED, url)
    assert result.returncode != 0
    assert "PYSEC-0000-1" in result.stdout


def test_a_mistake_in_the_dockerfile_fails_it(
    tmp_path: Path, vulnerabilities: Vulnerabilities
) -> None:
    service = make_service(tmp_path / "service", TELLING["api-alone"])
    with (service / "Dockerfile").open("a") as file:
        file.write("RUN apt-get install curl\n")
    url = f"http://127.0.0.1:{vulnerabilities.server_port}"
    result = run_recipe(service, "audit", *ASKED, url)
    assert result.returncode != 0
    assert "DL3008" in result.stdout
