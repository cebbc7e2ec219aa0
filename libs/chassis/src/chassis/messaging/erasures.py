"""Requests to erase a person's data, and the answers: each service has its own message for the answer, with the same fields."""

from collections.abc import Callable
from datetime import UTC
from typing import Protocol
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import Subscription
from chassis.persistence.delivery import Delivery
from elcorp.identity.v1 import events_pb2
from kernel.actor import Actor
from kernel.erasures import ErasureAcknowledged, ErasureRequest


class ErasureAnswer(Protocol):
    """The use case of a service that erases its data of a person, or restricts it, and acknowledges that."""

    async def __call__(self, *, actor: Actor, request: ErasureRequest) -> None: ...


def answers_erasures(service: str, answer: ErasureAnswer) -> Subscription[events_pb2.ErasureRequested]:
    """Subscribe a service to the requests."""

    async def on_erasure_requested(delivery: Delivery[events_pb2.ErasureRequested]) -> None:
        message = delivery.message
        request = ErasureRequest(
            erasure_id=UUID(message.erasure_id),
            user_id=UUID(message.user_id),
            requested_at=message.requested_at.ToDatetime(UTC),
        )
        await answer(actor=Actor.service(service), request=request)

    return Subscription(events_pb2.ErasureRequested, on_erasure_requested)


def acknowledged_by(message_class: type[Message]) -> Callable[[ErasureAcknowledged], Message]:
    """Return the encoder of a service's answer, for its publications."""

    def erasure_acknowledged(event: ErasureAcknowledged) -> Message:
        until = Timestamp()
        if event.retain_until:
            until.FromDatetime(event.retain_until.astimezone(UTC))
        return message_class(
            erasure_id=str(event.erasure_id),
            user_id=str(event.user_id),
            kept=event.kept,
            retain_until=until if event.retain_until else None,
        )

    # Publications read the message of an event from here.
    erasure_acknowledged.__annotations__["return"] = message_class
    return erasure_acknowledged
