"""Governance's subscriptions to events of other services."""

from typing import Final
from uuid import UUID

from chassis.messaging.contracts import AnySubscription, Subscription
from chassis.messaging.erasures import answers_erasures
from chassis.persistence.delivery import Delivery
from elcorp.identity.v1 import events_pb2
from governance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from governance.application.role_assignments.grant_initial_role import GrantInitialRole
from governance.application.standings.follow_standing import FollowStanding
from kernel.actor import Actor

# The only status in UserStatusChanged in which a user may act.
ACTIVE: Final = "active"


def subscriptions(
    *, grant_initial_role: GrantInitialRole, follow_standing: FollowStanding, acknowledge_erasure: AcknowledgeErasure
) -> list[AnySubscription]:
    async def on_user_registered(delivery: Delivery[events_pb2.UserRegistered]) -> None:
        await grant_initial_role(
            actor=Actor.service("governance"),
            subject_id=UUID(delivery.message.user_id),
            role=delivery.message.initial_role or None,
        )

    async def on_user_status_changed(delivery: Delivery[events_pb2.UserStatusChanged]) -> None:
        await follow_standing(
            actor=Actor.service("governance"),
            subject_id=UUID(delivery.message.user_id),
            is_able=delivery.message.status == ACTIVE,
            version=delivery.message.version,
        )

    return [
        Subscription(events_pb2.UserRegistered, on_user_registered),
        Subscription(events_pb2.UserStatusChanged, on_user_status_changed),
        answers_erasures("governance", acknowledge_erasure),
    ]
