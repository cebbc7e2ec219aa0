"""Links that undo a change of e-mail, in memory and on PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

from chassis.testing.clocks import ControlledClock
from identity.domain.email_undo import LIFE, EmailUndo
from services.identity.tests.integration.storage import HERE, Storage, enrol_user, fact


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
