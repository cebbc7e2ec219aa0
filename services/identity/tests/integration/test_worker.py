"""The worker records answers to erasures, without a master key."""

from collections.abc import Callable
from datetime import UTC

from sqlalchemy import text

from chassis.messaging.contracts import Subscription, spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.governance.v1 import events_pb2 as governance
from elcorp.payments.v1 import events_pb2 as payments
from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.factors.record_changed_factors import RecordChangedFactors
from identity.application.notices.receive_notice_request import ReceiveNoticeRequest
from identity.application.sessions.record_revocation import RecordRevocation
from identity.bootstrap import working
from identity.infrastructure.notice_recipients import KnownRecipients
from identity.interfaces.subscriptions import subscriptions
from identity.settings import IdentitySettings
from identity.wiring.adapters import erasure_unit_of_work, notice_request_unit_of_work
from kernel.ids import new_id
from services.identity.tests.fakes.revocations import FakeRevocations
from services.identity.tests.integration.storage import Storage, enrol_user, request_erasure

MESSAGES = (payments.ErasureAcknowledged, governance.ErasureAcknowledged, compliance.ErasureAcknowledged)


async def test_answers_are_recorded_by_their_producer(
    storage: Storage, database: Database, database_urls: DatabaseUrls, clock: ControlledClock
) -> None:
    user_id = (await enrol_user(storage, clock)).user_id
    erasure_id = await request_erasure(storage, clock, user_id)
    keyless = IdentitySettings(database_url=database_urls.app)
    acknowledge = AcknowledgeErasure(erasure_unit_of_work(keyless, database), clock)
    receive = ReceiveNoticeRequest(notice_request_unit_of_work(keyless, database), KnownRecipients(), clock)
    revocations = FakeRevocations()
    handlers = {
        each.message_class: each.handler
        for each in subscriptions(RecordRevocation(revocations), RecordChangedFactors(revocations), acknowledge, receive)
        if isinstance(each, Subscription)
    }
    for message_class in MESSAGES:
        message = message_class(erasure_id=str(erasure_id), user_id=str(user_id), kept=["something", "something else"])
        if message_class is compliance.ErasureAcknowledged:
            message.retain_until.FromDatetime(clock.now())
        spec = spec_of(message_class)
        delivery = Delivery(message_id=new_id(), type=spec.type, producer=spec.context, occurred_at=clock.now(), message=message)
        for _ in range(2):
            await handlers[message_class](delivery)
    view = await storage.views.erasures.erasure(erasure_id)
    assert view
    assert (view.status, list(view.answered)) == ("restricted", ["compliance", "governance", "payments"])
    assert view.restricted_until == clock.now().astimezone(UTC)
    async with database.read() as connection:
        answers = await connection.scalar(text("SELECT answers FROM erasures"))
    at = clock.now().astimezone(UTC).isoformat()
    answer = {"acknowledged_at": at, "kept": ["something", "something else"], "retain_until": None}
    assert answers == {"payments": answer, "governance": answer, "compliance": {**answer, "retain_until": at}}
    # The worker only records; it destroys nothing.
    assert await storage.views.users.user(user_id) is None
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM subject_keys")) == 1


async def test_the_worker_continues_without_redis_and_fails_without_its_database(
    database_urls: DatabaseUrls, unused_tcp_port_factory: Callable[[], int]
) -> None:
    nowhere = f"127.0.0.1:{unused_tcp_port_factory()}"
    for database_url, ready in ((database_urls.app, True), (f"postgresql://x@{nowhere}/x", False)):
        settings = IdentitySettings(redis_url=f"redis://{nowhere}/0", database_url=database_url)
        async with working(settings) as parts:
            report = await parts.readiness.report()
        failing = {name for name, error in report.checks.items() if error}
        assert (report.ready, set(report.checks)) == (ready, {"database", "redis"})
        assert failing == ({"redis"} if ready else {"database", "redis"})


async def test_the_worker_starts_without_a_master_key(database_urls: DatabaseUrls) -> None:
    async with working(IdentitySettings(database_url=database_urls.app)) as parts:
        assert len(parts.background) == 2
