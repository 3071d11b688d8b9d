"""Records on a topic: protobuf values with CloudEvents 1.0 headers in binary mode.

Kafka protocol binding: CloudEvents spec, `cloudevents/bindings/kafka-protocol-binding.md`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from google.protobuf.message import DecodeError, Message

from isthmus.runtime.errors import Rejected

Headers: TypeAlias = Sequence[tuple[str, bytes]]
M = TypeVar("M", bound=Message)

CONTENT_TYPE = b"application/protobuf"
TRACEPARENT = "traceparent"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to publish; `value` None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Record(NamedTuple, Generic[M]):
    """One record that was read and understood; `message` None is a tombstone."""

    message: M | None
    key: str
    topic: str
    partition: int
    offset: int
    traceparent: bytes | None
    value: bytes | None = None
    """The message as it came."""


def encode(
    message: Message,
    *,
    topic: str,
    key: str,
    id: str,
    source: str,
    at: datetime,
    traceparent: bytes | None = None,
    encoded: bytes = b"",
) -> Outgoing:
    """The record of `message`; `id` must be deterministic, so that a replay makes the same one.

    `encoded` are further fields of the same kind of message, which were serialised once for many:
    two messages behind each other are their merger (Protocol Buffers encoding, last one wins).
    """
    subject = key.encode()
    headers = [
        *_constant(message.DESCRIPTOR.full_name, source),
        ("ce_id", id.encode()),
        ("ce_subject", subject),
        ("ce_time", (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat().encode()),
    ]
    if traceparent:
        headers.append((TRACEPARENT, traceparent))
    value = message.SerializeToString(deterministic=True) + encoded
    return Outgoing(topic, subject, value, headers)


@cache
def _constant(kind: str, source: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that all messages of a kind from one service share."""
    return (
        ("content-type", CONTENT_TYPE),
        ("ce_specversion", b"1.0"),
        ("ce_type", kind.encode()),
        ("ce_source", f"/isthmus/{source}".encode()),
    )


def tombstone(topic: str, key: str) -> Outgoing:
    """The record that says: this key is gone."""
    return Outgoing(topic, key.encode(), None, [])


def decode(record: Any, kind: type[M], *, required: Iterable[str]) -> Record[M]:
    """The message in an aiokafka record; raises Rejected when it is not a whole `kind`.

    `required` names the fields without which the message means nothing.
    """
    headers = dict(record.headers)
    return Record(
        message=_message(record.value, headers, kind, required),
        key=_text("key", record.key or b""),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        traceparent=headers.get(TRACEPARENT),
        value=record.value,
    )


def new_traceparent(id: str) -> bytes:
    """A W3C trace context whose trace id is the event's own UUID: the id finds the trace."""
    digits = id.replace("-", "")
    return f"00-{digits}-{digits[-16:]}-01".encode()


def _message(
    value: bytes | None, headers: dict[str, bytes], kind: type[M], required: Iterable[str]
) -> M | None:
    expected, encoded = _name(kind.DESCRIPTOR.full_name)
    named = headers.get("ce_type")
    if named is not None and named != encoded:
        shown = _text("header ce_type", named)
        raise Rejected(f"header ce_type: {shown!r}, expected {expected!r}")
    if value is None:
        return None
    try:
        message = kind.FromString(value)
    except DecodeError as error:
        raise Rejected(f"value: {len(value)} bytes are no {expected}: {error}") from error
    for field in required:
        if not getattr(message, field):
            raise Rejected(f"{expected}.{field}: empty, expected a value")
    return message


@cache
def _name(kind: str) -> tuple[str, bytes]:
    return kind, kind.encode()


def _text(what: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Rejected(f"{what}: {raw[:40]!r}, expected UTF-8") from error


def from_timestamp(stamp: Any) -> datetime:
    """The aware UTC time of a protobuf Timestamp."""
    return datetime.fromtimestamp(stamp.seconds + stamp.nanos / 1e9, UTC)
