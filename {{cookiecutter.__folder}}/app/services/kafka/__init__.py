"""Kafka, behind the one interface of brokers that `kafka_service` implements."""
