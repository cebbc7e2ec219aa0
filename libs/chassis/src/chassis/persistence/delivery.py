"""One message being handled, and how the unit of work learns of it."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from google.protobuf.message import Message
from typing_extensions import TypeVar

MessageT = TypeVar("MessageT", bound=Message, default=Any)


class AlreadyHandled(Exception):  # an outcome that the consumer acknowledges, not a fault
    """The inbox holds this message: its effect is committed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Generic[MessageT]):
    """A decoded message.

    `message_id` is the event's id, the same on every redelivery; `attempt` counts from 1; `redelivered` says that the
    broker handed it out before (a consumer died with it), so its effect may exist.
    """

    message_id: UUID
    type: str
    producer: str
    occurred_at: datetime
    message: MessageT
    attempt: int = 1
    redelivered: bool = False
    aggregate_id: str | None = None
    traceparent: str | None = None


# Set while a Subscription's handler runs. The unit of work joins the inbox to its transaction by it.
current_delivery: ContextVar[Delivery | None] = ContextVar("current_delivery", default=None)
