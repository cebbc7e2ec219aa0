"""Passkeys in PostgreSQL."""

from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.factors import audit as factor_audit
from identity.domain.errors import FactorExists
from services.identity.tests.integration.storage import (
    HERE,
    Storage,
    enrol_user,
    passkey,
    someone,
)


async def test_a_passkey_is_found_by_its_credential_id_which_belongs_to_one_user(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    first = passkey(user_id, clock)
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.passkeys.add(first)
        tx.record(factor_audit.factor_added(user_id, "passkey", sessions_ended=0, at=clock.now()))
    with pytest.raises(FactorExists):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.passkeys.add(passkey(other, clock))
    async with storage.uow.begin(HERE) as tx:
        found = await tx.factors.passkeys.lock_credential(b"one")
        assert (found.id, [each.id for each in await tx.factors.passkeys.of(user_id)]) == (first.id, [first.id])
        assert await tx.factors.passkeys.lock_credential(b"two") is None
        await tx.factors.passkeys.remove(found)
        tx.record(factor_audit.factor_removed(user_id, "passkey", sessions_ended=0, at=clock.now()))
    assert list((await storage.views.factors.factors_of(user_id)).passkeys) == []


async def test_passkeys_are_listed_oldest_first_in_any_order_of_writing(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    made = []
    for credential_id in (b"newest", b"middle", b"oldest"):
        made.append(passkey(user_id, clock, credential_id))
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.passkeys.add(made[-1])
            tx.record(factor_audit.factor_added(user_id, "passkey", sessions_ended=0, at=clock.now()))
        clock.advance(seconds=-60)
    oldest_first = [each.id for each in reversed(made)]
    assert [each.id for each in (await storage.views.factors.factors_of(user_id)).passkeys] == oldest_first
    async with storage.uow.begin(HERE) as tx:
        assert [each.id for each in await tx.factors.passkeys.of(user_id)] == oldest_first
