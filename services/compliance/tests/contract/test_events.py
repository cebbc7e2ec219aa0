"""The events that compliance publishes and consumes agree with their protos."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import Publications, spec_of
from chassis.messaging.fact_digest import digest_of
from chassis.persistence.database import Database
from compliance import wiring
from compliance.domain import events
from compliance.domain.entry import Actor as LoggedActor
from compliance.domain.entry import AuditEntry
from compliance.interfaces.publications import PUBLICATIONS
from compliance.interfaces.subscriptions import TIME_MAX, TIME_MIN, entry_of
from compliance.settings import ComplianceSettings
from elcorp.compliance.v1 import events_pb2
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.erasures import ErasureAcknowledged
from kernel.errors import InvalidValue
from kernel.events import Event
from kernel.ids import new_id
from services.compliance.tests.entries import AT
from services.compliance.tests.fakes.log_signer import Signer


def test_every_event_of_the_contract_is_published() -> None:
    published = {spec.message_class.DESCRIPTOR.full_name for spec in PUBLICATIONS.specs}

    assert published == {
        f"elcorp.compliance.v1.{name}"
        for name in ("CheckpointSigned", "AuditFactsRecorded", "PolicyDecisionsRecorded", "ErasureAcknowledged")
    }


def test_every_domain_event_has_its_message() -> None:
    announced = {each for each in vars(events).values() if isinstance(each, type) and issubclass(each, Event)} - {Event}

    assert announced == {events.CheckpointSigned}


def test_a_checkpoint_is_published_completely() -> None:
    event = events.CheckpointSigned(occurred_at=AT, origin="elcorp.na/audit", tree_size=7, root_hash=bytes(range(32)), note="…\n")

    sent = PUBLICATIONS.encode(event)

    message = events_pb2.CheckpointSigned.FromString(sent.payload)
    assert (sent.message_id, sent.type, sent.aggregate_id) == (event.event_id, "compliance.checkpoint.signed", "elcorp.na/audit")
    assert message == events_pb2.CheckpointSigned(origin="elcorp.na/audit", tree_size=7, root_hash=bytes(range(32)), note="…\n")


@pytest.mark.parametrize("until", [None, AT])
def test_an_acknowledged_erasure_is_published_completely(until: datetime | None) -> None:
    erasure, user = new_id(), new_id()
    event = ErasureAcknowledged(
        occurred_at=AT, erasure_id=erasure, user_id=user, kept=("the log", "the ledger"), retain_until=until
    )

    sent = PUBLICATIONS.encode(event)

    message = events_pb2.ErasureAcknowledged.FromString(sent.payload)
    assert (sent.message_id, sent.type, sent.aggregate_id) == (event.event_id, "compliance.erasure.acknowledged", str(user))
    assert message == events_pb2.ErasureAcknowledged(
        erasure_id=str(erasure),
        user_id=str(user),
        kept=["the log", "the ledger"],
        retain_until=_timestamp(until) if until else None,
    )


def test_every_event_for_compliance_is_consumed(database: Database) -> None:
    app = wiring.use_cases(database=database, signer=Signer(), clock=SystemClock())
    consumed = [
        spec_of(each.message_class) for each in wiring.consumed(app=app, on_growth=lambda: None, settings=ComplianceSettings())
    ]

    assert [(spec.type, spec.queue("compliance")) for spec in consumed] == [
        ("audit.facts.recorded", "compliance.audit"),
        # A queue of its own: a flood of decisions does not delay the audit log.
        ("policy.decisions.recorded", "compliance.decisions"),
        ("identity.erasure.requested", "compliance.identity"),
    ]


def test_a_fact_is_logged_as_it_was_recorded() -> None:
    actor = Actor(
        kind=ActorKind.USER,
        subject_id=str(new_id()),
        session_id=new_id(),
        device_id="phone",
        ip="41.182.3.4",
        user_agent="Browser",
        request_id="r-1",
        authenticated_at=AT,
        methods=("pwd", "otp"),
    )
    fact = AuditFact(
        action="payments.transfer.settle",
        resource_type="transfer",
        resource_id=str(new_id()),
        occurred_at=AT,
        before={"b": "2", "a": "1"},
        reason="rent",
        related_ids=("w",),
    )
    sent = Publications("payments", {}).audit([(fact, actor)])

    (received,) = events_pb2.AuditFactsRecorded.FromString(sent.payload).facts
    entry = entry_of(received, "payments")

    assert entry == AuditEntry(
        fact_id=fact.fact_id,
        producer="payments",
        action=fact.action,
        actor=LoggedActor(
            kind="user",
            subject_id=actor.subject_id,
            session_id=str(actor.session_id),
            device_id="phone",
            ip="41.182.3.4",
            user_agent="Browser",
            request_id="r-1",
            authenticated_at=AT,
            methods=("pwd", "otp"),
        ),
        resource_type="transfer",
        resource_id=fact.resource_id,
        occurred_at=AT,
        before='{"a":"1","b":"2"}',
        after=None,
        reason="rent",
        related_ids=("w",),
        digest=digest_of(received),
    )


@pytest.mark.parametrize("is_newer", [False, True], ids=["this release", "a newer release"])
def test_a_fact_is_logged_only_with_its_own_digest(is_newer: bool) -> None:
    """A newer release may add fields, which are part of the digest."""
    sent = Publications("payments", {}).audit([(change(), Actor.service("payments"))])
    (fact,) = events_pb2.AuditFactsRecorded.FromString(sent.payload).facts
    fact.ClearField("digest")
    fact.organization_id = str(new_id())
    received = events_pb2.AuditFact.FromString(_newer(fact) if is_newer else fact.SerializeToString())
    # The previous release sends no digest.
    expected = sha256(received.SerializeToString()).digest()
    assert entry_of(received, "payments").digest == expected

    received.digest = expected
    entry = entry_of(events_pb2.AuditFact.FromString(received.SerializeToString()), "payments")
    assert (entry.digest, entry.organization_id) == (expected, UUID(fact.organization_id))
    received.reason = "other content"
    # A handler that is called again refuses the fact again.
    for _ in range(2):
        with pytest.raises(InvalidValue, match="the fact's own digest"):
            entry_of(received, "payments")


def change() -> AuditFact:
    return AuditFact(action="payments.transfer.settle", resource_type="transfer", resource_id=str(new_id()), occurred_at=AT)


def _newer(fact: events_pb2.AuditFact) -> bytes:
    """Serialize a fact as a release would that has one more text field (99) in the fact and in its actor."""
    added = b"\x9a\x06\x03new"
    newer = events_pb2.AuditFact.FromString(fact.SerializeToString())
    newer.actor.MergeFromString(added)
    return newer.SerializeToString() + added


@pytest.mark.parametrize(
    "change",
    [
        {"fact_id": ""},
        {"fact_id": "7"},
        {"producer": "identity"},
        {"occurred_at": Timestamp(seconds=2**60)},
        {"occurred_at": Timestamp(seconds=int(TIME_MIN.timestamp()) - 1)},
        {"occurred_at": Timestamp(seconds=int(TIME_MAX.timestamp()) + 1)},
        {"occurred_at": None},
    ],
)
def test_an_invalid_fact_becomes_a_dead_letter(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"fact_id": str(new_id()), "producer": "payments", "occurred_at": _timestamp(AT)}
    assert entry_of(events_pb2.AuditFact(**good), "payments").occurred_at == AT

    # A permanent kind of error: a retry would not help.
    with pytest.raises(InvalidValue):
        entry_of(events_pb2.AuditFact(**{**good, **change}), "payments")


def _timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp
