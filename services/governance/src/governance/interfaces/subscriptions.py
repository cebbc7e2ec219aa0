"""What governance does about others' events."""

from uuid import UUID

from chassis.messaging.contracts import AnySubscription, Subscription
from chassis.messaging.delivery import Delivery
from elcorp.identity.v1 import events_pb2
from governance.application.acknowledge_erasure import AcknowledgeErasure
from governance.application.grant_initial_role import GrantInitialRole
from kernel.actor import Actor


def subscriptions(grant_initial_role: GrantInitialRole, acknowledge_erasure: AcknowledgeErasure) -> list[AnySubscription]:
    async def on_user_registered(delivery: Delivery[events_pb2.UserRegistered]) -> None:
        await grant_initial_role(
            actor=Actor.service("governance"),
            subject_id=UUID(delivery.message.user_id),
            role=delivery.message.initial_role or None,
        )

    async def on_erasure_requested(delivery: Delivery[events_pb2.ErasureRequested]) -> None:
        await acknowledge_erasure(
            actor=Actor.service("governance"),
            erasure_id=UUID(delivery.message.erasure_id),
            user_id=UUID(delivery.message.user_id),
        )

    return [
        Subscription(events_pb2.UserRegistered, on_user_registered),
        Subscription(events_pb2.ErasureRequested, on_erasure_requested),
    ]
