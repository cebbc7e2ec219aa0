"""The worker notes answers to erasures, and has no master key to do it with."""

from datetime import UTC

from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.contracts import Subscription, spec_of
from chassis.messaging.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.governance.v1 import events_pb2 as governance
from elcorp.payments.v1 import events_pb2 as payments
from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
from identity.application.sessions.record_revocation import RecordRevocation
from identity.bootstrap.parts import erasure_unit_of_work
from identity.bootstrap.processes import working
from identity.interfaces.subscriptions import subscriptions
from identity.settings import IdentitySettings
from kernel.ids import new_id
from services.identity.tests.fakes import FakeRevocations
from services.identity.tests.integration.storage import Storage
from services.identity.tests.integration.test_privacy_storage import request_erasure
from services.identity.tests.integration.test_repositories import enrol_user

MESSAGES = (payments.ErasureAcknowledged, governance.ErasureAcknowledged, compliance.ErasureAcknowledged)


async def test_answers_are_noted_by_their_producer(
    sql_storage: Storage, database: Database, database_urls: DatabaseUrls, clock: ControlledClock
) -> None:
    user_id = (await enrol_user(sql_storage, clock)).user_id
    erasure_id = await request_erasure(sql_storage, clock, user_id)
    keyless = IdentitySettings(database_url=database_urls.app)
    acknowledge = AcknowledgeErasure(erasure_unit_of_work(keyless, database), clock)
    handlers = {
        each.message_class: each.handler
        for each in subscriptions(RecordRevocation(FakeRevocations()), acknowledge)
        if isinstance(each, Subscription)
    }
    for message_class in MESSAGES:
        message = message_class(erasure_id=str(erasure_id), user_id=str(user_id), kept=["something"])
        if message_class is compliance.ErasureAcknowledged:
            message.retain_until.FromDatetime(clock.now())
        spec = spec_of(message_class)
        delivery = Delivery(message_id=new_id(), type=spec.type, producer=spec.context, occurred_at=clock.now(), message=message)
        for _ in range(2):
            await handlers[message_class](delivery)
    view = await sql_storage.queries.erasure(erasure_id)
    assert view
    assert (view.status, list(view.answered)) == ("restricted", ["compliance", "governance", "payments"])
    assert view.restricted_until == clock.now().astimezone(UTC)
    # Noting is all it does: nothing is destroyed here.
    assert await sql_storage.queries.user(user_id) is None
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM subject_keys")) == 1


async def test_worker_is_built_without_a_master_key(database_urls: DatabaseUrls) -> None:
    async with working(IdentitySettings(database_url=database_urls.app)) as parts:
        assert len(parts.background) == 2
