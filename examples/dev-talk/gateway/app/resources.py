"""The long-lived resources of this service's own: connections to the services behind it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from redis.asyncio import Redis

from app.core.server_config import RedisSettings
from app.core.settings import read_settings
from app.domain.settings import Settings
from app.gateway.documents import Documents
from app.gateway.known_tokens import KnownTokens
from app.gateway.revocations import Revocations
from app.gateway.upstream import Patience, Upstream

CONNECT_SECONDS = 2.0
# Less than a service keeps them: five seconds in development, 75 under gunicorn.
KEPT_SECONDS = 4.0


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""

    upstreams: dict[str, Upstream]
    revocations: Revocations
    known_tokens: KnownTokens = field(default_factory=KnownTokens)
    documents: Documents = field(default_factory=Documents)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(settings))
        places = {
            "auth": settings.users_url,
            "articles": settings.articles_url,
            "comments": settings.comments_url,
        }
        patience = Patience(
            answer_seconds=settings.answer_seconds,
            idle_seconds=settings.answer_idle_seconds,
            circuit_failures=settings.circuit_failures,
            circuit_seconds=settings.circuit_seconds,
        )
        upstreams = {}
        for name, url in places.items():
            session = await stack.enter_async_context(open_session())
            upstreams[name] = Upstream(name, url, session, patience)
        yield Resources(upstreams, Revocations(redis))


@asynccontextmanager
async def open_session() -> AsyncIterator[ClientSession]:
    """Open connections to one service; bodies pass as they are, and cookies are not ours."""
    # How many there are is the upstream's to say: one that waits for the connector is silent.
    connector = TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS)
    async with ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
    ) as session:
        yield session


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[Redis | None]:
    """Open Redis where ended sessions are looked up, if that is wanted and there is one."""
    url = read_settings(RedisSettings).url
    if url is None or not settings.look_up_revocations:
        yield None
        return
    async with Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=1.0) as redis:
        yield redis
