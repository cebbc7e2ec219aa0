"""The message of a requested notice: the same in every service that publishes it."""

from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from elcorp.platform.v1 import events_pb2
from kernel.notices import FACT_LENGTH_MAX, NoticeRequested, Recipient, RecipientKind, Urgency

_FIELDS: Final = {
    RecipientKind.PERSON: "person_id",
    RecipientKind.ROLE: "role",
    RecipientKind.PERMISSION: "permission",
    RecipientKind.TEAM: "team_id",
    RecipientKind.ORGANIZATION: "organization_id",
}
_KINDS: Final = {field: kind for kind, field in _FIELDS.items()}
_URGENCIES: Final = {
    Urgency.URGENT: events_pb2.NOTICE_URGENCY_URGENT,
    Urgency.NORMAL: events_pb2.NOTICE_URGENCY_NORMAL,
    Urgency.DIGEST: events_pb2.NOTICE_URGENCY_DIGEST,
}
_BY_NUMBER: Final = {number: urgency for urgency, number in _URGENCIES.items()}


def notice_requested(event: NoticeRequested) -> events_pb2.NoticeRequested:
    """Encode a request. Enter it in a service's publications: `NoticeRequested: notice_requested`."""
    occurred_at = Timestamp()
    occurred_at.FromDatetime(event.occurred_at.astimezone(UTC))
    message = events_pb2.NoticeRequested(
        template=event.template,
        facts={name: _cut(value) for name, value in event.facts.items()},
        urgency=_URGENCIES[event.urgency],
        key=event.key,
        occurred_at=occurred_at,
    )
    setattr(message, _FIELDS[event.recipient.kind], event.recipient.reference)
    return message


def recipient_of(message: events_pb2.NoticeRequested) -> Recipient | None:
    """Return the recipient, or None if the message names none that this release knows."""
    field = message.WhichOneof("recipient")
    return Recipient(_KINDS[field], getattr(message, field)) if field in _KINDS else None


def urgency_of(message: events_pb2.NoticeRequested) -> Urgency:
    return _BY_NUMBER.get(message.urgency, Urgency.NORMAL)


def occurred_at(message: events_pb2.NoticeRequested, *, default: datetime) -> datetime:
    return message.occurred_at.ToDatetime(UTC) if message.HasField("occurred_at") else default


def _cut(value: str) -> str:
    return value if len(value) <= FACT_LENGTH_MAX else f"{value[: FACT_LENGTH_MAX - 1]}…"
