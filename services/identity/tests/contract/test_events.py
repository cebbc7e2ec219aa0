"""What identity publishes, against the protos, and what it does about its own events."""

from datetime import timedelta
from uuid import UUID

import pytest

from chassis.database import Database
from chassis.messaging.contracts import Subscription
from chassis.messaging.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.identity.v1 import events_pb2
from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
from identity.application.sessions.record_revocation import RecordRevocation
from identity.interfaces.publications import PUBLICATIONS
from identity.interfaces.subscriptions import subscriptions
from kernel.ids import new_id
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.outbox import published
from services.identity.tests.fakes import FakeRevocations, FakeUnitOfWork


async def test_registration_is_published(api: Api, database: Database) -> None:
    data = (await api.register()).json()["data"]
    ((event, aggregate_id),) = await published(database, events_pb2.UserRegistered)
    assert (event.user_id, event.wallet_address, event.initial_role) == (data["id"], data["wallet_address"], "user")
    assert aggregate_id == data["id"]


async def test_session_end_is_published_until_when_tokens_live(api: Api, database: Database, clock: ControlledClock) -> None:
    token = await api.signed_in()
    await api.post("/auth/logout", token=token)
    ((event, aggregate_id),) = await published(database, events_pb2.SessionEnded)
    until = event.tokens_valid_until.ToDatetime(tzinfo=clock.now().tzinfo)
    assert (event.reason, until, aggregate_id) == ("signed_out", clock.now() + timedelta(minutes=15), event.session_id)


@pytest.mark.clause("ASVS 16.3.1", "ASVS 16.3.2")
async def test_audit_facts_say_who_what_and_from_where(api: Api, database: Database) -> None:
    await api.signed_in()
    await api.login(password="Wrong-Sunrise-47!")
    messages = await published(database, compliance.AuditFactsRecorded)
    facts = {fact.action: fact for message, _ in messages for fact in message.facts}
    assert {"identity.user.register", "identity.user.sign_in", "identity.user.sign_in_failed"} <= set(facts)
    signed_in = facts["identity.user.sign_in"].actor
    assert (signed_in.kind, signed_in.ip, signed_in.device_id) == ("user", "198.51.100.7", str(api.device_id))
    assert signed_in.session_id == facts["identity.user.sign_in"].resource_id
    failed = facts["identity.user.sign_in_failed"]
    assert (failed.actor.kind, failed.resource_id) == ("anonymous", signed_in.subject_id)


async def test_own_session_end_reaches_the_revocation_list(clock: ControlledClock) -> None:
    revocations, session_id = FakeRevocations(), new_id()
    subscription, *_ = subscriptions(RecordRevocation(revocations), AcknowledgeErasure(FakeUnitOfWork(), clock))
    delivery = Delivery(
        message_id=new_id(),
        type="identity.session.ended",
        producer="identity",
        occurred_at=clock.now(),
        message=events_pb2.SessionEnded(session_id=str(session_id)),
    )
    assert isinstance(subscription, Subscription)
    for _ in range(2):
        await subscription.handler(delivery)
    assert revocations.ended == {UUID(str(session_id)): clock.now()}


def test_identity_publishes_what_its_protos_name() -> None:
    assert {spec.type for spec in PUBLICATIONS.specs} == {
        "identity.user.registered",
        "identity.session.ended",
        "identity.user.status_changed",
        "identity.device_key.revoked",
        "identity.wallet_address.issued",
        "identity.wallet_address.retired",
        "identity.erasure.requested",
        "audit.facts.recorded",
    }
