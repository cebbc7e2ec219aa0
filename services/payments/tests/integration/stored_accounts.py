"""Accounts in PostgreSQL, as the starting point of repository tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind, SystemCode, system_account_id
from payments.domain.price_book import Quote
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
LATER = AT + timedelta(days=7)
ACTOR = Actor.service("test")
FACT = AuditFact(action="test", resource_type="wallet", resource_id="-", occurred_at=AT)


def wallet(balance: str = "0.00", currency: str = "NAD") -> Account:
    return Account(new_id(), AccountKind.WALLET, new_id(), currency, Decimal(balance), 0, AT)


def system(code: SystemCode, currency: str) -> Account:
    return Account(system_account_id(code, currency), AccountKind.SYSTEM, None, currency, Decimal(0), 0, AT)


async def given(uow: SqlUnitOfWork[SqlPaymentsTransaction], *accounts: Account) -> None:
    """Add accounts; PostgreSQL already has the system accounts."""
    async with uow.begin(ACTOR) as tx:
        there = await tx.accounts.lock([one.id for one in accounts])
        for account in accounts:
            if account.id not in there:
                await tx.wallets.add(account)
        tx.record(FACT)


async def settle(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], source: Account, target: Account, amount: str, key: str = "k"
) -> Transfer:
    async with uow.begin(ACTOR) as tx:
        locked = await tx.accounts.lock([source.id, target.id])
        order = TransferOrder(
            kind=TransferKind.TRANSFER,
            key=key,
            initiator_id=source.owner_id or new_id(),
            source_id=source.id,
            target_id=target.id,
            amount=Money.of(amount, "NAD"),
            description="rent",
        )
        transfer = Transfer.settle(order, Quote(order.amount), locked, AT)
        await tx.transfers.add([transfer])
        await tx.accounts.save(list(locked.values()))
        tx.record(FACT)
    return transfer
