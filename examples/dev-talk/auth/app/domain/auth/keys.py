"""The keys that access tokens are signed with: in the database, encrypted, and replaced in time."""

import base64
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import uuid4

import jwt
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.core.errors import ConflictError, UnavailableError
from app.domain.auth.models import SigningKey
from app.domain.auth.settings import UserSettings
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.clock import now
from app.utils.logger import Logger

logger = Logger(__name__)

ALGORITHM = "EdDSA"
# Replicas look for new keys this often, and sign with one when all of them have published it.
LOOK_SECONDS = 60
PUBLISHED_SECONDS = 3 * LOOK_SECONDS
# Of replicas that start together one makes it, because the others would make the same.
FIRST_KEY = "first"


@dataclass(frozen=True)
class Key:
    """A key, ready to be used."""

    id: str
    private: Ed25519PrivateKey
    created_at: datetime

    def publish(self) -> dict[str, Any]:
        """Return the public half as others read it."""
        public = jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.id, "use": "sig", "alg": ALGORITHM}


class Keyring:
    """Sign tokens and check them, with keys that all replicas share."""

    def __init__(self, begin: UnitOfWorkFactory, settings: UserSettings) -> None:
        """Read the keys when they are needed first."""
        self._begin = begin
        self._settings = settings
        self._keys: list[Key] = []
        self._read_at = now() - timedelta(days=1)

    async def sign(self, claims: dict[str, Any]) -> str:
        """Return a token with these claims."""
        await self._look()
        published = now() - timedelta(seconds=PUBLISHED_SECONDS)
        # The newest that everybody knows; in the first minutes there is but one.
        known = [each for each in self._keys if each.created_at <= published] or self._keys[:1]
        key = known[-1]
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id})

    async def check(self, token: str) -> dict[str, Any]:
        """Return the claims of a token; raises jwt.PyJWTError when it is not good."""
        key_id = jwt.get_unverified_header(token).get("kid")
        await self._look()
        key = next((each for each in self._keys if each.id == key_id), None)
        if key is None:
            raise jwt.InvalidKeyError("no such key")
        claims: dict[str, Any] = jwt.decode(
            token,
            key.private.public_key(),
            algorithms=[ALGORITHM],
            audience=self._settings.access_audience,
            issuer=self._settings.access_issuer,
            options={"require": ["exp", "sub"]},
        )
        return claims

    async def publish(self) -> list[dict[str, Any]]:
        """Return the public keys."""
        await self._look()
        return [each.publish() for each in self._keys]

    async def _look(self) -> None:
        """Read the keys unless that was lately, and make the first one."""
        if not self._keys:
            await self._make_first()
        if now() < self._read_at + timedelta(seconds=LOOK_SECONDS):
            return
        # Those that are known count on when the database is away, or another one reads them.
        self._read_at = now()
        try:
            self._keys = await self._read()
        except UnavailableError as error:
            if not self._keys:
                raise
            logger.warning("keys not read", error=str(error))

    async def _make_first(self) -> None:
        """Read the keys, and make one where there is none: only the first replica can."""
        self._keys = await self._read()
        if self._keys:
            return
        with suppress(ConflictError):
            async with self._begin() as uow:
                await add_key(uow, self._settings, FIRST_KEY)
        self._keys = await self._read()

    async def _read(self) -> list[Key]:
        async with self._begin(read_only=True) as uow:
            return await read_keys(uow, self._settings)


async def read_keys(uow: UnitOfWork, settings: UserSettings) -> list[Key]:
    """Return the keys, oldest first."""
    box = open_box(settings)
    rows = await uow.session.scalars(
        select(SigningKey).order_by(SigningKey.created_at, SigningKey.id)
    )
    return [
        Key(row.id, Ed25519PrivateKey.from_private_bytes(box.decrypt(row.private)), row.created_at)
        for row in rows
    ]


async def add_key(uow: UnitOfWork, settings: UserSettings, key_id: str) -> None:
    """Make another key; raises ConflictError when there is one with this id."""
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    uow.session.add(SigningKey(id=key_id, private=open_box(settings).encrypt(private)))
    await uow.session.flush()


async def rotate_keys(uow: UnitOfWork, settings: UserSettings) -> None:
    """Add a key when the newest is old, and forget those whose last token has expired."""
    rows = await uow.session.scalars(select(SigningKey).order_by(SigningKey.created_at.desc()))
    ages = [(row, now() - row.created_at) for row in rows]
    life = timedelta(days=settings.signing_key_days)
    if ages and ages[0][1] >= life:
        await add_key(uow, settings, uuid4().hex)
    last_token = timedelta(seconds=PUBLISHED_SECONDS, minutes=settings.access_minutes + 1)
    # A key signs until its successor is published; so what counts is the successor's age.
    for (_, successor_age), (row, _) in pairwise(ages):
        if successor_age > last_token:
            await uow.session.delete(row)


def open_box(settings: UserSettings) -> Fernet:
    """Return what encrypts keys."""
    secret = f"keys.{settings.session_secret.get_secret_value()}"
    return Fernet(base64.urlsafe_b64encode(sha256(secret.encode()).digest()))
