"""What tests of users do again and again."""

from typing import Any

import jwt
from httpx import AsyncClient

PASSWORD = "correct horse"


async def register(client: AsyncClient, name: str = "ann", **values: Any) -> dict[str, Any]:
    """Register somebody, and return who they are with their tokens."""
    user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, **values}
    answer = await client.post("/api/users", json={"user": user})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["user"]
    return found


async def log_in(client: AsyncClient, name: str = "ann", password: str = PASSWORD) -> Any:
    """Log somebody in, and return who they are with their tokens."""
    credentials = {"email": f"{name}@example.com", "password": password}
    answer = await client.post("/api/users/login", json={"user": credentials})
    assert answer.status_code == 200, answer.text
    return answer.json()["user"]


def read_claims(user: dict[str, Any]) -> dict[str, Any]:
    """Return what somebody's token says."""
    claims: dict[str, Any] = jwt.decode(user["token"], options={"verify_signature": False})
    return claims


def read_id(user: dict[str, Any]) -> int:
    """Return the id of somebody, which no answer tells."""
    return int(read_claims(user)["sub"])


def bring(user: dict[str, Any], scheme: str = "Token") -> dict[str, str]:
    """Return the headers of somebody: `client.get(path, headers=bring(ann))`."""
    return {"authorization": f"{scheme} {user['token']}"}
