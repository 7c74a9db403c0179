"""The URLs of Redis: numbers, sentinels, sockets, and what is refused."""

import pytest
from redis.asyncio.sentinel import SentinelManagedSSLConnection
from redis.exceptions import ClusterCrossSlotError, MovedError, ResponseError

from app.core.redis_url import read_number, read_redis_url
from app.services.redis_client import explain_refusal
from app.services.redis_pool import SentinelPool, open_pool


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("redis://host", 0),
        ("redis://host/", 0),
        ("redis://host/7", 7),
        ("redis://host?db=7", 7),
        ("unix:///run/redis.sock?db=7", 7),
        ("redis+sentinel://host/main", 0),
        ("redis+sentinel://one,two:1/main/7", 7),
    ],
)
def test_the_number_of_a_keyspace_is_read(url: str, number: int) -> None:
    assert read_number(read_redis_url(url)) == number


def test_sentinels_are_asked_for_the_master_with_a_login_of_their_own() -> None:
    url = "rediss+sentinel://user:secret@one,two:1/main/3?sentinel_password=other&socket_timeout=2"
    pool = open_pool(read_redis_url(url), timeout=2)
    assert isinstance(pool, SentinelPool)
    assert pool.service_name == "main"
    assert pool.connection_class is SentinelManagedSSLConnection
    assert pool.connection_kwargs["db"] == 3
    assert pool.connection_kwargs["password"] == "secret"
    known = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert [(each["host"], each["port"]) for each in known] == [("one", 26379), ("two", 1)]
    assert {each["password"] for each in known} == {"other"}


@pytest.mark.parametrize(
    "url",
    [
        "redis://host/one",
        "redis://host/1/2",
        "redis://one,two/0",
        "redis://host?ssl_ca_certs=/etc/hostname",
        "redis://host?sentinel_password=secret",
        "redis://host?protocol=4",
        "redis://host?decode_responses=true",
        "redis://host?socket_timeout=0",
        "rediss://host?ssl_ca_certs=/etc/hostname",
        "rediss://host?ssl_cert_reqs=maybe",
        "redis+sentinel://host",
        "redis+sentinel://host/main/one",
        "unix://",
        "unix://run/redis.sock",
    ],
)
def test_what_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_redis_url(url)


@pytest.mark.parametrize(
    "error",
    [
        ClusterCrossSlotError("keys in request don't hash to the same slot"),
        MovedError("1234 127.0.0.1:7001"),
        ResponseError("SELECT is not allowed in cluster mode"),
    ],
)
def test_cluster_mode_is_refused_whatever_shows_it(error: Exception) -> None:
    assert "cluster mode" in (explain_refusal(error) or "")
