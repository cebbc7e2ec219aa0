"""An outgoing message. Kept apart from the outbox table so that listeners need no database library."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID


class FactDigest(NamedTuple):
    """What the journal has of an audit fact."""

    fact_id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One outgoing message. Its type is the routing key; messages of one `aggregate_id` stay in order (None: no order needed).

    `facts` are the audit facts in its payload. The outbox writes them to the journal with the message.
    """

    message_id: UUID
    type: str
    aggregate_id: str | None
    payload: bytes
    headers: dict[str, str]
    facts: tuple[FactDigest, ...] = ()
