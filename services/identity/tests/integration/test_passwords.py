"""Earlier passwords and reset links in PostgreSQL."""

from datetime import timedelta
from uuid import UUID, uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.factors import audit as factor_audit
from identity.domain.password_reset import PasswordReset
from services.identity.tests.integration.storage import (
    HERE,
    Storage,
    enrol_user,
    fact,
    person,
)


async def test_earlier_passwords_that_undo_a_change_depend_on_when_and_where_they_were_replaced(
    storage: Storage, clock: ControlledClock
) -> None:
    user_id, start = (await enrol_user(storage, clock)).user_id, clock.now()
    async with storage.uow.begin(HERE) as tx:
        for hour, known in ((1, False), (2, True), (3, False), (5, True)):
            at = start + timedelta(hours=hour)
            await tx.password_history.add(user_id, f"$argon2id${hour}", replaced_at=at, from_known_device=known)
        tx.record(fact(clock))

    async def held(*, at: int, since: int) -> list[str]:
        times = {"at": start + timedelta(hours=at), "replaced_since": start + timedelta(hours=since)}
        return [each.rpartition("$")[2] for each in await storage.views.password_hashes.password_hashes_held(user_id, **times)]

    # The password of the second hour was replaced before the change, so neither it nor that of the first hour is accepted.
    assert await held(at=4, since=0) == ["x", "3", "5"]
    assert await held(at=4, since=5) == ["x", "5"]
    assert await held(at=2, since=0) == ["x", "1", "2", "3", "5"]
    assert await held(at=6, since=0) == ["x"]


async def test_four_earlier_passwords_are_kept_beside_the_current_one(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        user_id = await person(tx, "anna", clock.now())
        for number in range(6):
            clock.advance(seconds=1)
            await tx.password_history.add(user_id, f"$argon2id$old{number}", replaced_at=clock.now())
    hashes = await storage.views.password_hashes.recent_password_hashes(user_id)
    assert hashes == ["$argon2id$anna", *(f"$argon2id$old{number}" for number in (5, 4, 3, 2))]


async def test_links_are_counted_per_user_and_period(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    begun = clock.now()
    for number, whose in enumerate((user_id, user_id, uuid4())):
        async with storage.uow.begin(HERE) as tx:
            tx.password_resets.add(PasswordReset.issue(uuid4(), whose, bytes([number]) * 32, at=clock.now()))
            tx.record(factor_audit.factor_begun(user_id, "reset", at=clock.now()))
        clock.advance(seconds=60)
    async with storage.uow.begin(HERE) as tx:
        since = [begun + timedelta(seconds=seconds) for seconds in (-1, 0, 59, 60)]
        assert [await tx.password_resets.issued_since(user_id, each) for each in since] == [2, 1, 1, 0]
        assert await tx.password_resets.issued_since(uuid4(), since[0]) == 0


async def test_the_links_of_a_user_are_voided_together(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    async with storage.uow.begin(HERE) as tx:
        for number in (1, 2):
            tx.password_resets.add(PasswordReset.issue(uuid4(), user_id, bytes([number]) * 32, at=clock.now()))
        tx.record(factor_audit.factor_begun(user_id, "reset", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        await tx.password_resets.void(user_id, at=clock.now())
        tx.record(factor_audit.factor_removed(user_id, "reset", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        for number in (1, 2):
            assert not (await tx.password_resets.lock(bytes([number]) * 32)).use(at=clock.now())
