"""The broker on Kafka: run when TEST_KAFKA_URL names one."""

import os

import pytest

from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import BrokerUnavailableError
from tests.broker_contract import BrokerContract


@pytest.mark.skipif("TEST_KAFKA_URL" not in os.environ, reason="TEST_KAFKA_URL is not set")
class TestKafkaBroker(BrokerContract):
    """The contract on a real server."""

    def make(self) -> KafkaBroker:
        return KafkaBroker(os.environ["TEST_KAFKA_URL"])


async def test_a_server_that_is_not_there_is_one_error_in_one_line() -> None:
    broker = KafkaBroker("kafka://127.0.0.1:1")
    with pytest.raises(BrokerUnavailableError) as caught:
        await broker.connect()
    assert len(str(caught.value).splitlines()) == 1
