"""Owners' spending in PostgreSQL."""

from datetime import timedelta
from decimal import Decimal

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.limits import Spending
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.stored_accounts import ACTOR, AT, FACT


async def test_spending_is_created_once_and_saved(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    owner = new_id()
    async with uow.begin(ACTOR) as tx:
        await tx.spending.begin(owner, "NAD", AT)
        tx.record(FACT)
    async with uow.begin(ACTOR) as tx:
        found = await tx.spending.lock([(owner, "NAD"), (owner, "USD"), (new_id(), "NAD")])
        [tiered] = found.values()
        assert (tiered.tier, tiered.spending) == ("standard", Spending.none(owner, "NAD", AT))
        await tx.spending.save([tiered.spending.plus(Money.of("12.34", "NAD"), AT)])
        await tx.spending.begin(owner, "NAD", AT + timedelta(days=40))
        tx.record(FACT)
    async with uow.begin(ACTOR) as tx:
        assert await tx.spending.lock([]) == {}
        spending = (await tx.spending.lock([(owner, "NAD")]))[owner, "NAD"].spending
    assert (spending.day_total, spending.month_total) == (Decimal("12.34"), Decimal("12.34"))
