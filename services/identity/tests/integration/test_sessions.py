"""Sessions and devices in PostgreSQL."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.sessions import audit
from identity.application.sessions.end_overdue_sessions import BATCH, EndOverdueSessions
from identity.domain.device import Device
from identity.domain.proof import Proof
from identity.domain.session import EndReason, Session, TokenUse
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import (
    HERE,
    TOKENS,
    Storage,
    enrol_user,
    fact,
    start_session,
)

DAY = timedelta(days=1)


async def test_a_session_is_read_back_complete_and_rotates(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    started = await start_session(storage, clock, enrolled.user_id, device_id)
    successor = TOKENS.issue(session_id=started.id, user_id=enrolled.user_id, generation=2)
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(started.id)
        assert (session.methods, session.generation, session.device_id) == (("pwd",), 1, device_id)
        with tx.change(audit.SESSION, session, "refresh", at=clock.now()) as at:
            session.rotate(successor, sealed=b"sealed", at=at)
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(started.id)
        assert session.present(successor, device_id=device_id, at=clock.now()) is TokenUse.CURRENT
        assert (bytes(session.sealed_successor), bytes(session.previous_digest)) == (b"sealed", started.current_digest)
    (view,) = (await storage.views.sessions.sessions_of(enrolled.user_id, PageRequest())).items
    assert (view.id, view.refreshed_at, view.ended_at, view.methods) == (started.id, clock.now(), None, ("pwd",))


async def test_after_a_session_ends_the_device_may_have_another(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    first = await start_session(storage, clock, enrolled.user_id, device_id)
    token = TOKENS.issue(session_id=uuid4(), user_id=enrolled.user_id, generation=1)
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(enrolled.user_id)
        live = await tx.sessions.lock_live(enrolled.user_id, device_id)
        assert live.id == first.id
        live.end(EndReason.REPLACED, at=clock.now(), access_token_life=timedelta(minutes=15))
        await tx.sessions.add(
            Session.start(
                token, device_id=device_id, proof=Proof.of(("pwd",), at=clock.now()), life=timedelta(days=7), at=clock.now()
            )
        )
        tx.record(fact(clock))
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(enrolled.user_id)
        assert (await tx.sessions.lock_live(enrolled.user_id, device_id)).id == token.session_id
        assert (await tx.sessions.lock(first.id)).end_reason == "replaced"


async def test_only_idle_and_expired_sessions_are_ended(storage: Storage, clock: ControlledClock) -> None:
    user_id = (await enrol_user(storage, clock)).user_id
    alone = await start_session(storage, clock, user_id, uuid4())
    used = await start_session(storage, clock, user_id, uuid4())
    clock.advance(days=1)
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(used.id)
        token = TOKENS.issue(session_id=session.id, user_id=user_id, generation=2)
        session.rotate(token, sealed=b"sealed", at=clock.now())
        tx.record(fact(clock))
    new = await start_session(storage, clock, user_id, uuid4())
    end = EndOverdueSessions(storage.uow, clock, DAY)
    assert [await end(), await end()] == [1, 0]
    live = (await storage.views.sessions.sessions_of(user_id, PageRequest(), live=True)).items
    assert {view.id for view in live} == {used.id, new.id}
    assert (await storage.views.sessions.session(alone.id)).end_reason == "idle"  # type: ignore[union-attr]
    clock.advance(days=7)
    assert await EndOverdueSessions(storage.uow, clock, timedelta(days=30))() == 2
    assert (await storage.views.sessions.session(new.id)).end_reason == "expired"  # type: ignore[union-attr]


@pytest.mark.parametrize("seconds", [-1, 0])
async def test_a_session_is_overdue_from_the_exact_second(storage: Storage, clock: ControlledClock, seconds: int) -> None:
    """Counted from the last sign-in, refresh or step-up on its device."""
    user_id = (await enrol_user(storage, clock)).user_id
    started, refreshed, proven = [await start_session(storage, clock, user_id, uuid4()) for _ in range(3)]
    begun = clock.now()
    clock.advance(seconds=3600)
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(refreshed.id)
        token = TOKENS.issue(session_id=session.id, user_id=user_id, generation=2)
        session.rotate(token, sealed=b"sealed", at=clock.now())
        (await tx.sessions.lock(proven.id)).prove_again(("otp",), at=clock.now())
        tx.record(fact(clock))
    end = EndOverdueSessions(storage.uow, clock, DAY)
    due = 0 if seconds else 1

    async def live() -> set[UUID]:
        return {view.id for view in (await storage.views.sessions.sessions_of(user_id, PageRequest(), live=True)).items}

    clock.advance(seconds=(begun + DAY - clock.now()).total_seconds() + seconds)
    assert (await end(), await live()) == (due, {refreshed.id, proven.id} | (set() if due else {started.id}))
    clock.advance(seconds=3600)
    assert (await end(), await live()) == (2 if due else 1, set() if due else {refreshed.id, proven.id})


async def test_one_run_ends_any_number_of_overdue_sessions(storage: Storage, clock: ControlledClock) -> None:
    user_id = (await enrol_user(storage, clock)).user_id
    async with storage.uow.begin(HERE) as tx:
        for _ in range(2 * BATCH + 1):
            token, device_id = TOKENS.issue(session_id=uuid4(), user_id=user_id, generation=1), uuid4()
            tx.devices.add(Device.register(user_id, device_id, at=clock.now()))
            await tx.sessions.add(
                Session.start(token, device_id=device_id, proof=Proof.of(("pwd",), at=clock.now()), life=DAY, at=clock.now())
            )
        tx.record(fact(clock))
    clock.advance(days=1)
    assert await EndOverdueSessions(storage.uow, clock, DAY)() == 2 * BATCH + 1
    assert (await storage.views.sessions.sessions_of(user_id, PageRequest(), live=True)).total == 0
