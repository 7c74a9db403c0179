"""Requests to Kafka that the client library does not know."""

from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka.protocol.admin import DescribeConfigsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v1, MetadataRequest_v4
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

TOPIC_RESOURCE = 2
SET = 0
NO_ID = UUID(int=0)


class Uuid(Int32):  # type: ignore[misc] # aiokafka has no types
    """A UUID as it travels."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        """Return its bytes."""
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        """Read it."""
        return UUID(bytes=data.read(16))


class MetadataResponseV10(Response):  # type: ignore[misc] # the same
    """The answer to MetadataRequestV10."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString()),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class MetadataRequestV10(RequestStruct):  # type: ignore[misc] # the same
    """The first version whose answer has the ids of topics (Kafka 2.8)."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = MetadataResponseV10
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", Uuid), ("topic", CompactString()), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsRequest(Request[MetadataRequest_v1 | MetadataRequest_v4 | MetadataRequestV10]):  # type: ignore[misc] # the same
    """Ask what there is of topics, or of all of them, without creating any."""

    API_KEY = 3

    def __init__(self, topics: list[str] | None) -> None:
        """Ask for these topics."""
        self._topics = topics

    def build(self, kind: Any) -> Any:
        """Return the request in the newest version that the server knows too."""
        if kind is MetadataRequestV10:
            named: Any = self._topics
            if named is not None:
                named = [(NO_ID, name, {}) for name in named]
            return kind(named, False, False, False, {})
        return kind(self._topics, False) if kind is MetadataRequest_v4 else kind(self._topics)


class AlterResponse(Response):  # type: ignore[misc] # the same
    """The answer to AlterRequestV0."""

    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "resources",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class AlterRequestV0(RequestStruct):  # type: ignore[misc] # the same
    """Change single settings and leave the others alone (Kafka 2.3)."""

    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = AlterResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(
                        ("name", String("utf-8")), ("operation", Int8), ("value", String("utf-8"))
                    ),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class AlterRequest(Request[AlterRequestV0]):  # type: ignore[misc] # the same
    """Set settings of topics, by topic and name."""

    API_KEY = 44

    def __init__(self, settings: dict[str, dict[str, str]]) -> None:
        """Set these."""
        self._settings = settings

    def build(self, kind: Any) -> Any:
        """Return the request."""
        resources = [
            (TOPIC_RESOURCE, topic, [(name, SET, value) for name, value in each.items()])
            for topic, each in self._settings.items()
        ]
        return kind(resources, False)


def ask_settings(topics: list[str], names: list[str]) -> Any:
    """Return the request for settings of topics."""
    return DescribeConfigsRequest([(TOPIC_RESOURCE, topic, names) for topic in topics])
