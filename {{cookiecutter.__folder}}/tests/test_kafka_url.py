"""The URLs of Kafka: logins, TLS, hosts, and what is refused."""

import pytest

from app.core.errors import StartupError
from app.core.kafka_url import read_kafka_url
from app.services.kafka.client import TokenProvider, read_url


def test_a_url_without_port_or_login_is_plain() -> None:
    assert read_url("kafka://one,[::1]:9093") == {
        "bootstrap_servers": ["one:9092", "[::1]:9093"],
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_login_has_its_mechanism(mechanism: str) -> None:
    options = read_url(f"kafkas://user:p%40ss@host?sasl_mechanism={mechanism}")
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == mechanism
    assert options["sasl_plain_password"] == "p@ss"


def test_a_login_without_mechanism_is_scram() -> None:
    assert read_url("kafka://user:password@host")["sasl_mechanism"] == "SCRAM-SHA-512"


async def test_tokens_are_fetched_for_each_connection() -> None:
    async def fetch() -> str:
        return "a token"

    options = read_url("kafkas://host?sasl_mechanism=OAUTHBEARER", fetch)
    assert await options["sasl_oauth_token_provider"].token() == "a token"


async def test_a_token_that_cannot_be_fetched_is_an_outage() -> None:
    async def fetch() -> str:
        raise LookupError("nothing there")

    with pytest.raises(Exception, match=r"no token was fetched .*nothing there") as raised:
        await TokenProvider(fetch).token()
    assert type(raised.value).__name__ == "KafkaConnectionError"


def test_a_login_by_token_without_its_function_stops_the_start() -> None:
    with pytest.raises(StartupError, match=r"^BROKER_URL: .* app/resources\.py"):
        read_url("kafka://host?sasl_mechanism=OAUTHBEARER")


@pytest.mark.parametrize(
    "url",
    [
        "kafka://",
        "kafka://host/topic",
        "kafka://host?ssl_cafile=/etc/hostname",
        "kafka://host?sasl_mechanism=PLAIN",
        "kafka://host?sasl_mechanism=GSSAPI",
        "kafka://user@host",
        "kafka://:password@host",
        "kafka://user:password@host?sasl_mechanism=OAUTHBEARER",
        "kafkas://host?ssl_cafile=/etc/hostname",
        "kafkas://host?ssl_keyfile=/etc/hostname",
        "kafkas://host?ssl_certfile=/etc/hostname",
        "kafkas://host?security_protocol=SSL",
    ],
)
def test_what_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_kafka_url(url)
