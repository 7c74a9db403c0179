"""Tokens that say who calls: JWTs, checked with the keys that their issuer publishes (JWKS)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.http_config import AuthSettings
from app.services.issuer_keys import IssuerKeys

# Signed with a private key that only the issuer has; never "none", never a shared secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 10
NOT_VALID = "the token is not valid, or not any more"
# The end of the year 9999: no later moment is a `datetime`.
LAST_MOMENT = 253_402_300_799


class InvalidTokenError(RuntimeError):
    """The token is not good; the message says why, as far as its bearer may know."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, by a token that was checked."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any]


def check_printable(text: str) -> str:
    """Refuse control characters and halves of characters, which no store or log takes."""
    if not text.isprintable():
        raise ValueError("it has characters that cannot be printed")
    return text


Moment = Annotated[float, Field(ge=0, le=LAST_MOMENT)]


class Claims(BaseModel):
    """The claims that are looked at, of the types that RFC 7519 and RFC 9068 give them."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    sub: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(check_printable)]
    exp: Moment
    nbf: Moment | None = None
    iat: Moment | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    jti: str | None = None
    scope: str | None = None


class TokenVerifier:
    """Check tokens with the keys of their issuer."""

    def __init__(self, settings: AuthSettings) -> None:
        """Take tokens of this issuer, for this audience."""
        self._settings = settings
        self._keys = None if settings.jwks_url is None else IssuerKeys(settings.jwks_url)

    @property
    def has_issuer(self) -> bool:
        """Tell whether tokens can be checked at all."""
        return self._keys is not None

    async def verify(self, token: str) -> Caller:
        """Return who the token says calls.

        Raises InvalidTokenError for a token that is not good, and UnavailableError when the
        issuer's keys cannot be had.
        """
        if self._keys is None:
            raise InvalidTokenError("no issuer of tokens is known here")
        key = await self._keys.find(read_key_name(token))
        if key is None:
            raise InvalidTokenError(NOT_VALID)
        try:
            claims = self._decode(token, key)
            checked = Claims.model_validate(claims)
        # A claim can be anything that JSON has, and the library expects less.
        except (jwt.PyJWTError, ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise InvalidTokenError(NOT_VALID) from error
        scopes = frozenset((checked.scope or "").split())
        return Caller(subject=checked.sub, scopes=scopes, claims=claims)

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": ["exp", "sub"],
                "verify_aud": self._settings.audience is not None,
            },
        )


def read_key_name(token: str) -> str:
    """Return the name of the key that a token says it is signed with; nothing is checked yet."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError, TypeError, ValueError) as error:
        raise InvalidTokenError(NOT_VALID) from error
    name = header.get("kid")
    # What would be refused anyway makes nobody ask the issuer.
    if header.get("alg") not in ALGORITHMS or not isinstance(name, str) or not name:
        raise InvalidTokenError(NOT_VALID)
    return name
