"""How identity reacts to events: to its own, for work after the commit, and to answers about erasures."""

from datetime import UTC
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from chassis.messaging.contracts import AnySubscription, Subscription
from chassis.messaging.notices import occurred_at, recipient_of, urgency_of
from chassis.persistence.delivery import Delivery
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.governance.v1 import events_pb2 as governance
from elcorp.identity.v1 import events_pb2
from elcorp.payments.v1 import events_pb2 as payments
from elcorp.platform.v1 import events_pb2 as platform
from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.factors.record_changed_factors import RecordChangedFactors
from identity.application.notices.receive_notice_request import ReceiveNoticeRequest
from identity.application.sessions.record_revocation import RecordRevocation
from identity.domain.erasure import Acknowledgement
from identity.domain.errors import NoRecipient
from kernel.assurance import Factors

# Every service has its own message for this; all have the same fields.
ANSWERS: Final[tuple[type[Message], ...]] = (
    payments.ErasureAcknowledged,
    governance.ErasureAcknowledged,
    compliance.ErasureAcknowledged,
)


def subscriptions(
    record_revocation: RecordRevocation,
    record_changed_factors: RecordChangedFactors,
    acknowledge_erasure: AcknowledgeErasure,
    receive_notice_request: ReceiveNoticeRequest,
) -> list[AnySubscription]:
    async def on_session_ended(delivery: Delivery[events_pb2.SessionEnded]) -> None:
        await record_revocation(session_id=UUID(delivery.message.session_id), ended_at=delivery.occurred_at)

    async def on_factors_changed(delivery: Delivery[events_pb2.UserFactorsChanged]) -> None:
        message = delivery.message
        factors = Factors(message.factors_version, message.has_second_factor)
        await record_changed_factors(user_id=UUID(message.user_id), factors=factors, changed_at=delivery.occurred_at)

    async def on_erasure_acknowledged(delivery: Delivery[Any]) -> None:
        message = delivery.message
        until = message.retain_until.ToDatetime(UTC) if message.HasField("retain_until") else None
        # The producer's name comes from the broker's exchange, so no service can answer for another.
        await acknowledge_erasure(
            erasure_id=UUID(message.erasure_id),
            context=delivery.producer,
            acknowledgement=Acknowledgement(delivery.occurred_at, tuple(message.kept), until),
        )

    async def on_notice_requested(delivery: Delivery[platform.NoticeRequested]) -> None:
        message = delivery.message
        recipient = recipient_of(message)
        if recipient is None:
            raise NoRecipient(key=message.key)
        await receive_notice_request(
            # The producer's name comes from the broker's exchange, so no service can use another's key.
            producer=delivery.producer,
            key=message.key,
            template=message.template,
            recipient=recipient,
            facts=dict(message.facts),
            urgency=urgency_of(message),
            occurred_at=occurred_at(message, default=delivery.occurred_at),
        )

    return [
        Subscription(events_pb2.SessionEnded, on_session_ended),
        Subscription(events_pb2.UserFactorsChanged, on_factors_changed),
        Subscription(platform.NoticeRequested, on_notice_requested),
        *(Subscription(answer, on_erasure_acknowledged) for answer in ANSWERS),
    ]
