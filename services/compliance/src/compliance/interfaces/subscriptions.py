"""Compliance's subscriptions: store the audit facts and the policy decisions of every service, and answer erasures."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import AnySubscription, BatchSubscription
from chassis.messaging.erasures import answers_erasures
from chassis.messaging.fact_digest import digest_of
from chassis.persistence.delivery import Delivery
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.decisions.record_decisions import RecordDecisions
from compliance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from compliance.domain.entry import Actor, AuditEntry
from compliance.interfaces.decision_messages import decisions_in
from elcorp.compliance.v1 import events_pb2
from kernel.errors import InvalidValue

# The times that `fsck` reads back from PostgreSQL (stored_log.py): in any time zone they are in a year that Python has.
TIME_MIN = datetime(1, 1, 2, tzinfo=UTC)
TIME_MAX = datetime(9999, 12, 30, tzinfo=UTC)
# Of up to 200 decisions each: about one message a second from each busy process.
DECISION_MESSAGES_MAX: Final = 5
DECISION_WAIT_MS_MAX: Final = 100


def subscriptions(
    *,
    append_facts: AppendFacts,
    record_decisions: RecordDecisions,
    acknowledge_erasure: AcknowledgeErasure,
    on_growth: Callable[[], None],
    batch_max: int,
    wait_ms_max: int,
) -> list[AnySubscription]:
    async def on_facts(deliveries: Sequence[Delivery[events_pb2.AuditFactsRecorded]]) -> None:
        entries = [entry_of(fact, delivery.producer) for delivery in deliveries for fact in delivery.message.facts]
        if await append_facts(entries=entries):
            on_growth()

    async def on_decisions(deliveries: Sequence[Delivery[events_pb2.PolicyDecisionsRecorded]]) -> None:
        await record_decisions(
            decisions=[each for delivery in deliveries for each in decisions_in(delivery.message, delivery.producer)]
        )

    return [
        BatchSubscription(events_pb2.AuditFactsRecorded, on_facts, batch_max, wait_ms_max),
        BatchSubscription(events_pb2.PolicyDecisionsRecorded, on_decisions, DECISION_MESSAGES_MAX, DECISION_WAIT_MS_MAX),
        answers_erasures("compliance", acknowledge_erasure),
    ]


def entry_of(fact: events_pb2.AuditFact, producer: str) -> AuditEntry:
    """Read a fact. Raise InvalidValue if it is not one, so that the message becomes a dead letter."""
    if fact.producer != producer:
        raise InvalidValue(field="producer", expected=f"{producer}, the sender", given=fact.producer, fact_id=fact.fact_id)
    if not fact.HasField("occurred_at"):
        raise InvalidValue(field="occurred_at", expected="the time of the fact", fact_id=fact.fact_id, sent_by=producer)
    digest = digest_of(fact)
    if fact.digest and fact.digest != digest:
        expected = f"the fact's own digest, {digest.hex()}"
        raise InvalidValue(field="digest", expected=expected, given=fact.digest.hex(), fact_id=fact.fact_id, sent_by=producer)
    try:
        return _entry_of(fact, digest)
    except (ValueError, OverflowError) as problem:
        raise InvalidValue(
            expected="a fact that can be logged", fact_id=fact.fact_id, producer=producer, problem=str(problem)
        ) from problem


def _entry_of(fact: events_pb2.AuditFact, digest: bytes) -> AuditEntry:
    actor = fact.actor
    return AuditEntry(
        fact_id=UUID(fact.fact_id),
        producer=fact.producer,
        action=fact.action,
        actor=Actor(
            kind=actor.kind,
            subject_id=actor.subject_id,
            session_id=actor.session_id,
            device_id=actor.device_id,
            ip=actor.ip,
            user_agent=actor.user_agent,
            request_id=actor.request_id,
            authenticated_at=_time(actor.authenticated_at) if actor.HasField("authenticated_at") else None,
            methods=tuple(actor.methods),
        ),
        resource_type=fact.resource_type,
        resource_id=fact.resource_id,
        occurred_at=_checkable(_time(fact.occurred_at)),
        before=fact.before if fact.HasField("before") else None,
        after=fact.after if fact.HasField("after") else None,
        reason=fact.reason if fact.HasField("reason") else None,
        related_ids=tuple(fact.related_ids),
        digest=digest,
        organization_id=UUID(fact.organization_id) if fact.organization_id else None,
    )


def _checkable(at: datetime) -> datetime:
    """Return a time that `fsck` can compare with the leaf; raises ValueError for others."""
    if not TIME_MIN <= at <= TIME_MAX:
        raise ValueError(f"occurred_at {at.isoformat()} is not from {TIME_MIN.date()} to {TIME_MAX.date()}")
    return at


def _time(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(UTC)
