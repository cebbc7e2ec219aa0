"""An outgoing message. Kept apart from the outbox table so that listeners need no database library."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One outgoing message. Its type is the routing key; messages of one `aggregate_id` stay in order (None: no order needed)."""

    message_id: UUID
    type: str
    aggregate_id: str | None
    payload: bytes
    headers: dict[str, str]
