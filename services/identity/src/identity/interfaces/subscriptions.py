"""What identity does about events: its own, for what must happen after the commit."""

from uuid import UUID

from chassis.messaging.contracts import AnySubscription, Subscription
from chassis.messaging.delivery import Delivery
from elcorp.identity.v1 import events_pb2
from identity.application.sessions.record_revocation import RecordRevocation


def subscriptions(record_revocation: RecordRevocation) -> list[AnySubscription]:
    async def on_session_ended(delivery: Delivery[events_pb2.SessionEnded]) -> None:
        await record_revocation(session_id=UUID(delivery.message.session_id), ended_at=delivery.occurred_at)

    return [Subscription(events_pb2.SessionEnded, on_session_ended)]
