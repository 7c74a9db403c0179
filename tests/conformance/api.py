"""A client of the API at an address, which compares every answer with the contract."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from tests.conformance import contract
from tests.conformance.answers import Answer

PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 20.0
HANGING_SECONDS = 30.0


@dataclass
class User:
    """Somebody with an account."""

    username: str
    email: str
    token: str
    refresh_token: str
    password: str = PASSWORD


def make_name(kind: str) -> str:
    """Return a name that nothing else has, whatever is there already."""
    return f"{kind}-{uuid4().hex[:12]}"


class Api:
    """The API: `api.ask("GET", "/articles")`."""

    def __init__(self, address: str) -> None:
        """Talk to the API whose paths begin at the address: `http://127.0.0.1:8000/api`."""
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._prefix = parts.path.rstrip("/")

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: User | None = None,
        raw: bytes | None = None,
        authorization: str | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send a request, and return its answer, which is one that the contract knows."""
        headers = {"content-type": "application/json"}
        if by is not None:
            headers["authorization"] = f"Token {by.token}"
        if authorization is not None:
            headers["authorization"] = authorization
        data = raw if body is None else json.dumps(body).encode()
        target = path + (f"?{urlencode(query)}" if query else "")
        answer = self._send(method, target, data, headers)
        contract.check(method, path, answer)
        return answer

    def insist(self, status: int, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Send a request that has to be answered so, and return what the answer says."""
        answer = self.ask(method, path, body, **more)
        assert answer.status == status, f"{method} {path}: {answer}"
        return answer.json if answer.body else None

    def register(self, name: str | None = None, **values: str) -> User:
        """Register somebody, under a name that nobody has."""
        name = name or make_name("user")
        user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, **values}
        answer = self.insist(201, "POST", "/users", {"user": user})["user"]
        return read_user(answer, user["password"])

    def log_in(self, user: User) -> User:
        """Log somebody in once more, as with another browser."""
        login = {"email": user.email, "password": user.password}
        answer = self.insist(200, "POST", "/users/login", {"user": login})["user"]
        return read_user(answer, user.password)

    def publish(self, by: User, title: str | None = None, **more: Any) -> dict[str, Any]:
        """Publish an article, under a title that no other one has."""
        texts = {"title": title or make_name("Article"), "description": "about", "body": "text"}
        answer = self.insist(201, "POST", "/articles", {"article": {**texts, **more}}, by=by)
        article: dict[str, Any] = answer["article"]
        return article

    def comment(self, by: User, slug: str, body: str = "nice") -> dict[str, Any]:
        """Comment on an article."""
        sent = {"comment": {"body": body}}
        answer = self.insist(201, "POST", f"/articles/{quote(slug)}/comments", sent, by=by)
        comment: dict[str, Any] = answer["comment"]
        return comment

    def _send(self, method: str, target: str, data: bytes | None, headers: Any) -> Answer:
        connection = HTTPConnection(self._host, self._port, timeout=HANGING_SECONDS)
        try:
            connection.request(method, self._prefix + target, data, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        given = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, given, content)


def read_user(answer: dict[str, Any], password: str) -> User:
    """Return the user whom an answer shows."""
    return User(
        username=answer["username"],
        email=answer["email"],
        token=answer["token"],
        refresh_token=answer["refreshToken"],
        password=password,
    )


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """Return what `look` finds as soon as it finds something: news of others take a moment."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_SECONDS:g} seconds")
