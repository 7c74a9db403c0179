"""What the routes of users ask for."""

from typing import Annotated

from fastapi import Depends, Request

from app.api.dependencies import ServiceCache, ServiceSettings, SharedStore
from app.api.verifier import get_keyring
from app.domain.auth.keys import Keyring
from app.domain.auth.passwords import Passwords
from app.domain.auth.sessions import Sessions
from app.services.rate_limiter import RateLimit, RateLimiter
from app.utils.identity import make_digest
from app.web.rate_limits import name_network

MINUTE = 60


async def make_passwords(settings: ServiceSettings) -> Passwords:
    """Return what hashes and tries passwords."""
    return Passwords(settings)


async def make_sessions(store: SharedStore, settings: ServiceSettings) -> Sessions:
    """Return what begins and ends sessions."""
    return Sessions(store, settings)


Keys = Annotated[Keyring, Depends(get_keyring)]
ServicePasswords = Annotated[Passwords, Depends(make_passwords)]
ServiceSessions = Annotated[Sessions, Depends(make_sessions)]


class Attempts:
    """How often somebody may try; 429 beyond it. While Redis is down nobody is refused.

    An account is counted for each address by itself: whoever tries the passwords of another locks
    out nobody else.
    """

    def __init__(self, limiter: RateLimiter, *, account: RateLimit, address: RateLimit) -> None:
        """Count for all replicas together."""
        self._limiter = limiter
        self._account = account
        self._address = address

    async def check_address(self, request: Request) -> None:
        """Count one more of the address that a request comes from."""
        await self._limiter.check(f"address:{name_network(request)}", limit=self._address)

    async def check_account(self, request: Request, email: str) -> None:
        """Count one more of an address for an account, whether there is one or not."""
        # A digest: an address of mail may be long, and hold anything.
        pair = make_digest(name_network(request), email.lower()).hex()
        await self._limiter.check(f"account:{pair}", limit=self._account)


async def count_attempts(cache: ServiceCache, settings: ServiceSettings) -> Attempts:
    """Return what counts, as the settings say."""
    return Attempts(
        RateLimiter(cache),
        account=RateLimit(settings.login_attempts, per=MINUTE),
        address=RateLimit(settings.address_attempts, per=MINUTE),
    )


LoginAttempts = Annotated[Attempts, Depends(count_attempts)]


async def limit_address(request: Request, attempts: LoginAttempts) -> None:
    """Let an address in as often as the settings say."""
    await attempts.check_address(request)


LimitedAddress = Depends(limit_address)
