"""The events' contract, read from the protos."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.catalogue import all_specs
from chassis.messaging.contracts import ORGANIZATION, NotAnEvent, Publications, spec_of
from chassis.messaging.fact_digest import digest_of
from chassis.telemetry import continue_trace
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.events import Event
from kernel.ids import new_id

AT = datetime(2026, 3, 21, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    session_id: str


def ended(event: Ended) -> identity.SessionEnded:
    return identity.SessionEnded(session_id=event.session_id)


def test_the_specification_comes_from_the_proto_option():
    spec = spec_of(identity.UserRegistered)
    assert (spec.type, spec.consumers, spec.aggregate) == ("identity.user.registered", ("payments", "governance"), "user_id")
    assert spec.queue("payments") == "payments.identity"
    assert spec_of(compliance.AuditFactsRecorded).queue("compliance") == "compliance.audit"


def test_a_message_without_the_option_is_not_an_event():
    with pytest.raises(NotAnEvent, match=r"google\.protobuf\.Timestamp"):
        spec_of(Timestamp)


def test_publications_require_functions_annotated_with_their_message():
    with pytest.raises(NotAnEvent, match="annotated"):
        Publications("identity", {Ended: lambda event: identity.SessionEnded(session_id=event.session_id)})


def test_every_event_of_the_protos_is_valid():
    specs = {spec.type: spec for spec in all_specs()}
    assert {"identity.user.registered", "audit.facts.recorded", "payments.transfer.settled"} <= specs.keys()
    for spec in specs.values():
        assert len(spec.type.split(".")) == 3
        assert spec.family or spec.context in spec.message_class.DESCRIPTOR.full_name


def test_an_encoded_event_has_its_id_its_aggregate_and_its_trace():
    # The time is in UTC, whatever its original time zone.
    event = Ended(occurred_at=AT.astimezone(timezone(timedelta(hours=2))), session_id="s-1")
    sender = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with continue_trace(sender, "test"):
        message = Publications("identity", {Ended: ended}).encode(event)
    assert (message.message_id, message.type, message.aggregate_id) == (event.event_id, "identity.session.ended", "s-1")
    assert identity.SessionEnded.FromString(message.payload).session_id == "s-1"
    assert message.headers.pop("traceparent").split("-")[1] == sender.split("-")[1]
    assert message.headers == {
        "cloudEvents:specversion": "1.0",
        "cloudEvents:source": "/identity",
        "cloudEvents:subject": "s-1",
        "cloudEvents:time": "2026-03-21T08:30:00+00:00",
    }


def test_an_encoded_event_has_the_organization_that_the_actor_acted_for():
    publications, event = Publications("identity", {Ended: ended}), Ended(occurred_at=AT, session_id="s-1")
    organization = new_id()
    assert publications.encode(event, organization_id=organization).headers[ORGANIZATION] == str(organization)
    assert ORGANIZATION not in publications.encode(event).headers


def test_the_facts_of_a_transaction_are_sent_in_one_message_each_with_its_actor():
    user = Actor(
        kind=ActorKind.USER,
        subject_id="01a20fc4-9c74-7cb3-a4f1-fc7c8887688d",
        session_id=UUID(int=7),
        device_id="phone",
        ip="192.0.2.1",
        user_agent="browser",
        request_id="r-1",
        authenticated_at=AT,
        methods=("pwd", "otp"),
    )
    fact = AuditFact(
        action="payments.wallet.freeze",
        resource_type="wallet",
        resource_id="w-1",
        occurred_at=AT,
        before={"status": "open", "balance": "1.00"},
        after={"status": "frozen", "balance": "1.00"},
        reason="court order",
        related_ids=("u-1",),
    )
    at = Timestamp()
    at.FromDatetime(AT)
    by_user = compliance.AuditFact(
        fact_id=str(fact.fact_id),
        producer="payments",
        action="payments.wallet.freeze",
        actor=compliance.AuditActor(
            kind="user",
            subject_id="01a20fc4-9c74-7cb3-a4f1-fc7c8887688d",
            session_id="00000000-0000-0000-0000-000000000007",
            device_id="phone",
            ip="192.0.2.1",
            user_agent="browser",
            request_id="r-1",
            authenticated_at=at,
            methods=["pwd", "otp"],
        ),
        resource_type="wallet",
        resource_id="w-1",
        occurred_at=at,
        before='{"balance":"1.00","status":"open"}',
        after='{"balance":"1.00","status":"frozen"}',
        reason="court order",
        related_ids=["u-1"],
    )
    by_service = compliance.AuditFact()
    by_service.CopyFrom(by_user)
    by_service.actor.CopyFrom(compliance.AuditActor(kind="service", subject_id="payments", request_id="r-2"))
    message = Publications("payments", {}).audit([(fact, user), (fact, Actor.service("payments", request_id="r-2"))])
    facts = compliance.AuditFactsRecorded.FromString(message.payload).facts
    assert [each.digest for each in facts] == [
        hashlib.sha256(each.SerializeToString()).digest() for each in (by_user, by_service)
    ]
    assert message.facts == tuple((fact.fact_id, each.digest) for each in facts)
    for each in facts:
        assert digest_of(each) == each.digest
        each.ClearField("digest")
    assert list(facts) == [by_user, by_service]
    assert (message.type, message.aggregate_id) == ("audit.facts.recorded", None)
    assert message.headers == {
        "cloudEvents:specversion": "1.0",
        "cloudEvents:source": "/payments",
        "cloudEvents:time": "2026-03-21T08:30:00+00:00",
    }


def test_a_fact_names_the_organization_that_its_actor_acts_for():
    organization, fact = new_id(), AuditFact(action="a.b.c", resource_type="x", resource_id="1", occurred_at=AT)
    actor = replace(Actor.service("payments"), organization_id=organization)
    (decoded,) = compliance.AuditFactsRecorded.FromString(Publications("payments", {}).audit([(fact, actor)]).payload).facts
    assert decoded.organization_id == str(organization)


def test_the_digest_of_a_fact_of_a_later_release_is_verified_by_an_earlier_one():
    later = compliance.AuditFact(fact_id=str(new_id()), action="a.b.c", organization_id="o")
    # A field that this release does not know: number 14, a text.
    serialized = later.SerializeToString() + b"\x72\x03new"
    later.digest = hashlib.sha256(serialized).digest()
    received = compliance.AuditFact.FromString(later.SerializeToString() + b"\x72\x03new")
    assert digest_of(received) == received.digest


def test_absent_states_stay_absent():
    fact = AuditFact(action="a.b.c", resource_type="x", resource_id="1", occurred_at=AT)
    message = Publications("payments", {}).audit([(fact, Actor.service("payments"))])
    (decoded,) = compliance.AuditFactsRecorded.FromString(message.payload).facts
    assert not decoded.HasField("before")
    assert not decoded.HasField("after")
    assert not decoded.HasField("reason")
