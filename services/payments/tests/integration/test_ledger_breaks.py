"""Ledger breaks in PostgreSQL."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chassis.persistence.unit_of_work import SqlUnitOfWork
from payments.application.ports.ledger import Break
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.stored_accounts import ACTOR, AT, FACT, LATER, given, wallet


@pytest.mark.parametrize("what", ["balance", "held", "chain"])
async def test_a_break_is_new_only_once(uow: SqlUnitOfWork[SqlPaymentsTransaction], what: str) -> None:
    account = wallet()
    await given(uow, account)
    found = Break(account_id=account.id, currency="NAD", what=what, expected=Decimal(1), found=Decimal(2))
    async with uow.begin(ACTOR) as tx:
        assert await tx.breaks.add(found, at=AT) is True
        assert await tx.breaks.add(found, at=LATER) is False
        assert await tx.breaks.add(replace(found, found=Decimal(3)), at=LATER) is True
        assert await tx.breaks.add(replace(found, expected=Decimal(0)), at=LATER) is True
        for known in (found, replace(found, found=Decimal(3)), replace(found, expected=Decimal(0))):
            assert await tx.breaks.add(known, at=LATER) is False
        tx.record(FACT)
