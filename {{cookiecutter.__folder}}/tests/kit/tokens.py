"""Tokens of an issuer that every test may trust."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from app.core.http_config import AuthSettings
from app.services.tokens import TokenVerifier
from app.utils.container import Container


class Issuer:
    """Signs tokens, and publishes the key that they are checked with."""

    def __init__(self) -> None:
        """Make a key and publish it on a port of its own."""
        self._key = generate_private_key(SECP256R1())
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        document = json.dumps({"keys": [{**public, "kid": "test", "use": "sig"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        host, port = self.server.server_address[:2]
        self.settings = AuthSettings(
            jwks_url=f"http://{host!s}:{port}", issuer="https://issuer.test", audience="tests"
        )

    def sign(self, payload: bytes, **header: Any) -> str:
        """Return a token that says just this, whatever it is."""
        return jwt.api_jws.encode(payload, self._key, "ES256", headers={"kid": "test", **header})

    def issue(self, subject: str = "ann", scope: str = "", **claims: Any) -> str:
        """Return a token for a minute; a claim that is given replaces the usual one."""
        usual: dict[str, Any] = {"iss": self.settings.issuer, "aud": self.settings.audience}
        usual |= {"sub": subject, "scope": scope, "exp": time.time() + 60}
        return jwt.encode({**usual, **claims}, self._key, "ES256", headers={"kid": "test"})

    def authorize(self, subject: str = "ann", scope: str = "") -> dict[str, str]:
        """Return the headers of a caller: `client.get(url, headers=issuer.authorize())`."""
        return {"authorization": f"Bearer {self.issue(subject, scope)}"}


@pytest.fixture(scope="session")
def running_issuer() -> Iterator[Issuer]:
    """The issuer, for all tests."""
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()
    thread.join()


@pytest.fixture
def issuer(running_issuer: Issuer, opened: Container) -> Issuer:
    """An issuer whose tokens the application takes."""
    opened.add(TokenVerifier, TokenVerifier(running_issuer.settings))
    return running_issuer
