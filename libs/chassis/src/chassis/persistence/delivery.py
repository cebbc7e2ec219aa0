"""The message that is being handled; the unit of work finds it in a context variable."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from google.protobuf.message import Message
from typing_extensions import TypeVar

MessageT = TypeVar("MessageT", bound=Message, default=Any)


class AlreadyHandled(Exception):  # an outcome that the consumer acknowledges, not an error
    """The inbox contains this message: its effect is already committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Generic[MessageT]):
    """A decoded message.

    `message_id` is the event's id, the same on every redelivery; `attempt` counts from 1; `redelivered` says that the broker
    delivered it before (to a consumer that died), so its effect may exist.
    `organization_id` is the organization that the actor of the change acted for.
    """

    message_id: UUID
    type: str
    producer: str
    occurred_at: datetime
    message: MessageT
    attempt: int = 1
    redelivered: bool = False
    aggregate_id: str | None = None
    organization_id: UUID | None = None
    traceparent: str | None = None


# Set while a Subscription's handler runs, so that the unit of work writes the inbox in its transaction.
current_delivery: ContextVar[Delivery | None] = ContextVar("current_delivery", default=None)
