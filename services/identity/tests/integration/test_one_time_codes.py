"""One-time codes in PostgreSQL."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from chassis.testing.clocks import ControlledClock
from identity.domain.one_time_code import OneTimeCode, Purpose
from services.identity.tests.integration.storage import (
    HERE,
    Storage,
    fact_at,
)

TARGET = bytes(range(32))


def a_code(at: datetime, *, target: bytes = TARGET, user_id: UUID | None = None) -> OneTimeCode:
    return OneTimeCode.issue(uuid4(), Purpose.EMAIL, user_id=user_id or uuid4(), target_index=target, digest=bytes(32), at=at)


async def test_a_code_is_read_with_its_pending_change_until_it_is_settled(storage: Storage, clock: ControlledClock) -> None:
    code = a_code(clock.now())
    async with storage.uow.begin(HERE) as tx:
        await tx.one_time_codes.add(code, {"email": "anna@example.na", "phone": None})
        tx.record(fact_at(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        found, pending = await tx.one_time_codes.lock(code.id)
        assert (found.purpose, found.expires_at, pending) == (
            Purpose.EMAIL,
            clock.now() + timedelta(minutes=10),
            {"email": "anna@example.na", "phone": None},
        )
        assert found.accept(bytes(32), at=clock.now())
        await tx.one_time_codes.settle(found)
        tx.record(fact_at(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        found, pending = await tx.one_time_codes.lock(code.id)
        assert (found.used_at, found.tries, dict(pending)) == (clock.now(), 1, {})
        assert await tx.one_time_codes.lock(uuid4()) is None


async def test_sends_are_counted_per_address_user_and_period(storage: Storage, clock: ControlledClock) -> None:
    old, user_id = clock.now(), uuid4()
    async with storage.uow.begin(HERE) as tx:
        for code in (a_code(old), a_code(old, target=bytes(32), user_id=user_id)):
            await tx.one_time_codes.add(code, {})
        clock.advance(seconds=3600)
        await tx.one_time_codes.add(a_code(clock.now()), {})
        assert await tx.one_time_codes.lock_sent(TARGET, user_id, old - timedelta(seconds=1)) == (2, 1)
        assert await tx.one_time_codes.lock_sent(TARGET, user_id, old) == (1, 0)
        assert await tx.one_time_codes.lock_sent(bytes(range(1, 33)), uuid4(), old) == (0, 0)
        tx.record(fact_at(clock.now()))


async def test_a_code_that_is_sent_again_counts_from_its_last_sending(storage: Storage, clock: ControlledClock) -> None:
    code, begun = a_code(clock.now()), clock.now()
    async with storage.uow.begin(HERE) as tx:
        await tx.one_time_codes.add(code, {})
        tx.record(fact_at(clock.now()))
    clock.advance(seconds=3000)
    async with storage.uow.begin(HERE) as tx:
        found, _ = await tx.one_time_codes.lock(code.id)
        assert found.renew(bytes(32), at=clock.now())
        tx.record(fact_at(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        since = (begun - timedelta(seconds=1), begun, begun + timedelta(seconds=2999), begun + timedelta(seconds=3000))
        assert [await tx.one_time_codes.lock_sent(TARGET, uuid4(), each) for each in since] == [(2, 0), (2, 0), (2, 0), (0, 0)]


async def test_old_codes_and_those_of_a_deleted_user_are_dropped(storage: Storage, clock: ControlledClock) -> None:
    user_id, at = uuid4(), clock.now()
    async with storage.uow.begin(HERE) as tx:
        for code in (a_code(at - timedelta(days=2)), a_code(at), a_code(at, user_id=user_id)):
            await tx.one_time_codes.add(code, {})
        assert await tx.one_time_codes.purge(at - timedelta(days=1)) == 1
        assert await tx.one_time_codes.forget(user_id) == 1
        assert await tx.one_time_codes.forget(user_id) == 0
        tx.record(fact_at(at))
