"""A message to be. Apart from the table it waits in, for who only listens needs no database library."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to be: its type is the routing key, `aggregate_id` keeps order (None: no order needed)."""

    message_id: UUID
    type: str
    aggregate_id: str | None
    payload: bytes
    headers: dict[str, str]
