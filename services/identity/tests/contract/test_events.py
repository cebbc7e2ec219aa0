"""The events that identity publishes, checked against the protos, and how it handles its own."""

from datetime import timedelta
from uuid import UUID

import pytest

from chassis.messaging.contracts import Subscription, spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.identity.v1 import events_pb2
from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.factors.record_changed_factors import RecordChangedFactors
from identity.application.notices.receive_notice_request import ReceiveNoticeRequest
from identity.application.sessions.record_revocation import RecordRevocation
from identity.infrastructure.notice_recipients import KnownRecipients
from identity.interfaces.publications import PUBLICATIONS
from identity.interfaces.subscriptions import subscriptions
from identity.settings import IdentitySettings
from identity.wiring.adapters import erasure_unit_of_work, notice_request_unit_of_work
from kernel.assurance import Factors
from kernel.ids import new_id
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.outbox import published
from services.identity.tests.fakes.revocations import FakeRevocations


async def test_registration_is_published(api: Api, database: Database) -> None:
    data = (await api.register()).json()["data"]
    ((event, aggregate_id),) = await published(database, events_pb2.UserRegistered)
    assert (event.user_id, event.wallet_address, event.initial_role) == (data["id"], data["wallet_address"], "user")
    assert aggregate_id == data["id"]


async def test_the_end_of_a_session_is_published_with_the_end_of_its_tokens(
    api: Api, database: Database, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    await api.post("/auth/logout", token=token)
    ((event, aggregate_id),) = await published(database, events_pb2.SessionEnded)
    until = event.tokens_valid_until.ToDatetime(tzinfo=clock.now().tzinfo)
    assert (event.reason, until, aggregate_id) == ("signed_out", clock.now() + timedelta(minutes=15), event.session_id)


@pytest.mark.clause("ASVS 16.3.1", "ASVS 16.3.2")
async def test_audit_facts_state_who_what_and_from_where(api: Api, database: Database) -> None:
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


@pytest.mark.parametrize("number", [0, 1], ids=["a session ended", "factors changed"])
async def test_own_events_update_the_lists_that_services_read(
    settings: IdentitySettings, database: Database, clock: ControlledClock, number: int
) -> None:
    revocations, id_ = FakeRevocations(), new_id()
    record = RecordRevocation(revocations), RecordChangedFactors(revocations)
    acknowledge = AcknowledgeErasure(erasure_unit_of_work(settings, database), clock)
    receive = ReceiveNoticeRequest(notice_request_unit_of_work(settings, database), KnownRecipients(), clock)
    subscription = subscriptions(*record, acknowledge, receive)[number]
    message = [
        events_pb2.SessionEnded(session_id=str(id_)),
        events_pb2.UserFactorsChanged(user_id=str(id_), factors_version=3, has_second_factor=True),
    ][number]
    assert isinstance(subscription, Subscription)
    assert subscription.message_class is type(message)
    delivery = Delivery(
        message_id=new_id(),
        type=spec_of(type(message)).type,
        producer="identity",
        occurred_at=clock.now(),
        message=message,
    )
    for _ in range(2):
        await subscription.handler(delivery)
    changed = {UUID(str(id_)): Factors(3, has_second=True)}
    assert (revocations.ended, revocations.factors) == [({UUID(str(id_)): clock.now()}, {}), ({}, changed)][number]


def test_identity_publishes_every_event_its_protos_name() -> None:
    assert {spec.type for spec in PUBLICATIONS.specs} == {
        "identity.user.registered",
        "identity.session.ended",
        "identity.user.status_changed",
        "identity.user.factors_changed",
        "identity.device_key.revoked",
        "identity.wallet_address.issued",
        "identity.wallet_address.retired",
        "identity.erasure.requested",
        "audit.facts.recorded",
        "policy.decisions.recorded",
    }
