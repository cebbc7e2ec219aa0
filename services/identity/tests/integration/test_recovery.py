"""Recovery requests and e-mail undo links in PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.factors import audit as factor_audit
from identity.application.recovery.views import RecoveryView
from identity.domain.email_undo import LIFE, EmailUndo
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import HERE, Storage, enrol_user, fact, someone


async def test_recovery_requests_are_read_listed_and_decided(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    request = RecoveryRequest.ask(uuid4(), user_id, RecoveryReason.STOLEN, at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        tx.recovery_requests.add(request)
        tx.record(factor_audit.factor_begun(user_id, "recovery", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.recovery_requests.waiting_of(user_id, at=clock.now()) is None
        found = await tx.recovery_requests.lock(request.id)
        assert found.confirm(at=clock.now())
        tx.record(factor_audit.factor_begun(user_id, "recovery", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert (await tx.recovery_requests.waiting_of(user_id, at=clock.now())).id == request.id
        assert await tx.recovery_requests.waiting_of(user_id, at=clock.now() + timedelta(days=7)) is None
        found = await tx.recovery_requests.lock(request.id)
        found.decide(RecoveryStatus.REJECTED, by=uuid4(), reason="unknown", at=clock.now())
        tx.record(factor_audit.factor_removed(user_id, "recovery", sessions_ended=0, at=clock.now()))
    page = PageRequest(page=1, per_page=20)
    listed = await storage.views.recovery.recovery_requests(None, page)
    assert [(each.id, each.status, each.decision_reason) for each in listed.items] == [(request.id, "rejected", "unknown")]
    assert (await storage.views.recovery.recovery_requests("pending", page)).total == 0
    assert [(await storage.views.recovery.recovery_requests(None, page, confirmed=each)).total for each in (True, False)] == [
        1,
        0,
    ]


async def test_pending_requests_are_counted_and_voided_by_whether_they_are_confirmed(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    requests = [
        RecoveryRequest.ask(uuid4(), user_id, RecoveryReason.LOST, at=clock.now() + timedelta(minutes=n)) for n in range(7)
    ]
    assert requests[6].confirm(at=clock.now() + timedelta(minutes=6))
    at, since = clock.now() + timedelta(minutes=10), clock.now()
    async with storage.uow.begin(HERE) as tx:
        for request in requests:
            tx.recovery_requests.add(request)
        tx.record(factor_audit.factor_begun(user_id, "recovery", at=at))
    newest = [request.requested_at for request in reversed(requests[:6])]
    async with storage.uow.begin(HERE) as tx:
        waiting = tx.recovery_requests.unconfirmed_since
        assert list(await waiting(user_id, since - timedelta(seconds=1), at=at)) == newest[:5]
        assert list(await waiting(user_id, since + timedelta(minutes=3), at=at)) == newest[:2]
        assert list(await waiting(uuid4(), since, at=at)) == []
        ended = await tx.recovery_requests.void(user_id, at=at, unconfirmed_only=True)
        assert sorted(ended) == sorted(request.id for request in requests[:6])
        tx.record(factor_audit.factor_begun(user_id, "recovery", at=at))
    async with storage.uow.begin(HERE) as tx:
        assert list(await tx.recovery_requests.unconfirmed_since(user_id, since, at=at)) == []
        assert (await tx.recovery_requests.waiting_of(user_id, at=at)).id == requests[6].id
        assert list(await tx.recovery_requests.void(user_id, at=at)) == [requests[6].id]
        assert list(await tx.recovery_requests.void(user_id, at=at)) == []
        tx.record(factor_audit.factor_begun(user_id, "recovery", at=at))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.recovery_requests.waiting_of(user_id, at=at) is None


async def test_recovery_requests_are_listed_newest_first_by_status_and_page_by_page(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    requests, administrator = [], uuid4()
    for number, reason in enumerate((RecoveryReason.LOST, RecoveryReason.STOLEN, RecoveryReason.BROKEN), start=2):
        whose = (await enrol_user(storage, clock, someone(number))).user_id
        requests.append(RecoveryRequest.ask(uuid4(), whose, reason, at=clock.now()))
        async with storage.uow.begin(HERE) as tx:
            assert requests[-1].confirm(at=clock.now())
            tx.recovery_requests.add(requests[-1])
            tx.record(factor_audit.factor_begun(whose, "recovery", at=clock.now()))
        clock.advance(seconds=60)
    # The oldest is written last, as the order of rows is not guaranteed.
    async with storage.uow.begin(HERE) as tx:
        found = await tx.recovery_requests.lock(requests[0].id)
        found.decide(RecoveryStatus.REJECTED, by=administrator, reason="unknown", at=clock.now())
        tx.record(factor_audit.factor_removed(user_id, "recovery", sessions_ended=0, at=clock.now()))
    oldest, middle, newest = (
        RecoveryView(
            each.id,
            each.user_id,
            each.reason.value,
            "pending",
            requested_at=each.requested_at,
            expires_at=each.requested_at + timedelta(days=7),
            decided_at=None,
            decided_by=None,
            decision_reason=None,
            confirmed_at=each.requested_at,
        )
        for each in requests
    )
    oldest = replace(oldest, status="rejected", decided_at=clock.now(), decided_by=administrator, decision_reason="unknown")
    pages = {
        (None, 1): [newest, middle],
        (None, 2): [oldest],
        (None, 3): [],
        ("pending", 1): [newest, middle],
        ("pending", 2): [],
        ("rejected", 1): [oldest],
        ("approved", 1): [],
    }
    totals = {None: 3, "pending": 2, "rejected": 1, "approved": 0}
    for (status, number), items in pages.items():
        page = await storage.views.recovery.recovery_requests(status, PageRequest(page=number, per_page=2))
        assert (list(page.items), page.total) == (items, totals[status])


async def test_undo_links_are_open_until_the_last_expires_or_is_used_up(storage: Storage, clock: ControlledClock) -> None:
    user_id, begun = (await enrol_user(storage, clock)).user_id, clock.now()
    async with storage.uow.begin(HERE) as tx:
        for number in range(2):
            undo = EmailUndo.issue(uuid4(), user_id, bytes([number]) * 32, at=begun + timedelta(hours=number))
            await tx.email_undos.add(undo, "former@example.na")
        tx.record(fact(clock))
    last, hour = begun + LIFE + timedelta(hours=1), timedelta(hours=1)
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(user_id)
        open_until = [await tx.email_undos.open_until(user_id, at=at) for at in (begun, last - hour, last)]
        assert open_until == [last, last, None]
        assert await tx.email_undos.open_until(uuid4(), at=begun) is None
        tx.record(fact(clock))
        await tx.email_undos.void(user_id, created_since=begun + hour, at=begun)
        assert await tx.email_undos.open_until(user_id, at=begun) == begun + LIFE
