"""What tests need of people."""

from collections.abc import Awaitable, Callable

from tests.kit.tokens import Issuer

Headers = dict[str, str]
Enter = Callable[..., Awaitable[Headers]]


def sign(issuer: Issuer, user_id: int, *roles: str) -> Headers:
    """Return the headers of somebody, known or not."""
    token = issuer.issue(str(user_id), sid=f"session-{user_id}", roles=list(roles))
    return {"authorization": f"Token {token}"}
