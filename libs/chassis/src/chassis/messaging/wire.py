"""The format of events on AMQP 0-9-1: properties and headers, written by the relay and read by consumers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from aio_pika import DeliveryMode, Message
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage

from chassis.messaging.contracts import CONTENT_TYPE, ORGANIZATION, SOURCE, SUBJECT, TIME, TRACEPARENT
from chassis.persistence.delivery import Delivery
from kernel.errors import InvalidValue, Kind

# Longer than any aggregate's id, and short enough for an index of PostgreSQL.
SUBJECT_LENGTH_MAX = 255
# Our headers, which survive retry queues: the number of attempts, and how many of them failed in the handler itself.
ATTEMPT = "elcorp-attempt"
FAULTS = "elcorp-faults"


class Undecodable(InvalidValue):
    """The message does not match its contract."""


class UnknownType(Undecodable):
    """The release handles no messages of this type; a later one may, because producers are updated before consumers."""

    kind = Kind.UNAVAILABLE
    code = "SRV_002"


class Received(Protocol):
    """A message from the broker, or from the table of parked messages."""

    @property
    def message_id(self) -> str | None: ...
    @property
    def type(self) -> str | None: ...
    @property
    def app_id(self) -> str | None: ...
    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def redelivered(self) -> bool | None: ...


def amqp_properties(*, message_id: str, event_type: str, producer: str, headers: Mapping[str, Any]) -> Any:
    """Return the properties of a persistent event."""
    return Message(
        b"",
        message_id=message_id,
        type=event_type,
        content_type=CONTENT_TYPE,
        app_id=producer,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers=dict(headers),
    ).properties


def decode(message: Received, classes: Mapping[str, type[ProtoMessage]], *, attempt: int | None = None) -> Delivery[Any]:
    """Decode a message of one of the types in `classes`; raises Undecodable. `attempt` is by default the header's."""
    headers = message.headers
    message_class = classes.get(message.type or "")
    if message_class is None:
        raise UnknownType(type=message.type)
    if SUBJECT in headers and subject_of(message) is None:
        raise Undecodable(reason=f"the subject is not a text of at most {SUBJECT_LENGTH_MAX} characters")
    try:
        return Delivery(
            message_id=UUID(message.message_id),
            type=message.type or "",
            producer=_text(headers, SOURCE).removeprefix("/"),
            occurred_at=_time(headers),
            message=message_class.FromString(message.body),
            attempt=attempt or count(message, ATTEMPT) + 1,
            redelivered=bool(message.redelivered),
            aggregate_id=subject_of(message),
            organization_id=UUID(_text(headers, ORGANIZATION)) if ORGANIZATION in headers else None,
            traceparent=_text(headers, TRACEPARENT) if TRACEPARENT in headers else None,
        )
    except (ValueError, TypeError, AttributeError, DecodeError) as error:
        raise Undecodable(reason=type(error).__name__) from error


def subject_of(message: Received) -> str | None:
    """Return the aggregate whose order must be kept, None if there is none."""
    subject = message.headers.get(SUBJECT)
    return subject if isinstance(subject, str) and len(subject) <= SUBJECT_LENGTH_MAX else None


def count(message: Received, header: str) -> int:
    value = message.headers.get(header)
    return value if isinstance(value, int) else 0


def _time(headers: Mapping[str, Any]) -> datetime:
    at = datetime.fromisoformat(_text(headers, TIME))
    if at.tzinfo is None:
        raise ValueError(f"header {TIME} has no offset from UTC")
    return at


def _text(headers: Mapping[str, Any], name: str) -> str:
    value = headers.get(name)
    if not isinstance(value, str):
        raise ValueError(f"header {name} is missing")  # noqa: TRY004  # the sender's value is wrong, not our type
    return value
