"""The broker on RabbitMQ: run when TEST_RABBITMQ_URL names one."""

import os

import pytest

from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.message_broker import BrokerUnavailableError
from tests.broker_contract import BrokerContract


@pytest.mark.skipif("TEST_RABBITMQ_URL" not in os.environ, reason="TEST_RABBITMQ_URL is not set")
class TestRabbitMQBroker(BrokerContract):
    """The contract on a real server."""

    def make(self) -> RabbitMQBroker:
        return RabbitMQBroker(os.environ["TEST_RABBITMQ_URL"])


async def test_a_server_that_is_not_there_is_one_error_in_one_line() -> None:
    broker = RabbitMQBroker("amqp://127.0.0.1:1")
    with pytest.raises(BrokerUnavailableError) as caught:
        await broker.connect()
    assert len(str(caught.value).splitlines()) == 1
