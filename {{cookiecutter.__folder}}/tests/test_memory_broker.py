"""The broker in memory."""

from app.services.memory_broker import MemoryBroker
from tests.broker_contract import BrokerContract


class TestMemoryBroker(BrokerContract):
    """The contract in memory."""

    def make(self) -> MemoryBroker:
        return MemoryBroker()
