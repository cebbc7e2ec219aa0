"""Payments' use cases on a real database with fake peers, for tests of the lifecycle under concurrency."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import HeldUpload, folder_store
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Money
from kernel.objects import NoScanner
from payments.application import Payments
from payments.application.bulk_transfers.acceptance import AcceptedBulk
from payments.application.transfers.expire_transfers import ExpireTransfers
from payments.domain.approval import APPROVED_BY
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.sql.ledger_verifications import LedgerVerification
from payments.wiring.dependencies import Dependencies, unit_of_work
from payments.wiring.use_cases import build
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.permissions import FakePermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.usual import SETTINGS

SERVICE = Actor.service("test")


def user(user_id: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id))


@dataclass
class UseCaseBank:
    database: Database
    clock: ControlledClock = field(default_factory=ControlledClock)
    prices: FakePrices = field(default_factory=FakePrices)
    screening: FakeScreening = field(default_factory=FakeScreening)
    staff: Actor = field(default_factory=lambda: user(new_id()))
    owners: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.payments = self.process()

    def process(self) -> Payments:
        """Start another process of payments on the same database. The processes share only PostgreSQL."""
        return build(
            Dependencies(
                settings=SETTINGS,
                database=self.database,
                screening=self.screening,
                signatures=FakeSignatures(),
                standings=FakeAuthority(),
                memberships=FakeAuthority(),
                audit_log=FakeAuditLog(),
                prices=self.prices,
                limits=self.prices,
                approvals=self.prices,
                permissions=FakePermissions({APPROVED_BY}),
                payment_permissions=FakePaymentPermissions(),
                objects=folder_store(),
                scanner=NoScanner(),
                clock=self.clock,
            )
        )

    async def wallet(self, funds: str = "0", *, owner_id: UUID | None = None) -> UUID:
        wallet_id, owner_id = new_id(), owner_id or new_id()
        await self.payments.wallets.open_issued_wallet(actor=SERVICE, wallet_id=wallet_id, owner_id=owner_id, currency="NAD")
        self.owners[wallet_id] = owner_id
        if Decimal(funds):
            await self.issue(wallet_id, Decimal(funds))
        return wallet_id

    async def issue(self, wallet_id: UUID, amount: Decimal) -> None:
        await self.payments.issuances.issue_money(
            actor=self.staff, key=str(new_id()), wallet_id=wallet_id, amount=Money.of(amount, "NAD"), reason="test funds"
        )

    def order(self, source: UUID, target: UUID, amount: Decimal | str, *, key: str = "", later: bool = False) -> TransferOrder:
        return TransferOrder(
            kind=TransferKind.TRANSFER,
            key=key or str(new_id()),
            initiator_id=self.owners[source],
            source_id=source,
            target_id=target,
            amount=Money.of(amount, "NAD"),
            description="",
            capture_later=later,
        )

    async def pay(self, order: TransferOrder, *, at: Payments | None = None) -> Transfer:
        settled = await (at or self.payments).transfers.transfer_tokens(actor=user(order.initiator_id), order=order)
        return settled.transfer

    async def hand_in(
        self, source: UUID, target: UUID, amount: str, *, key: str = "", at: Payments | None = None
    ) -> AcceptedBulk:
        """Submit a file of one line."""
        lines = [{"target_wallet_id": str(target), "amount": amount}]
        file = {"source_wallet_id": str(source), "currency": "NAD", "mode": "best_effort", "lines": lines}
        bulk = (at or self.payments).bulk_transfers
        submission = await bulk.read_submission(
            key=key or str(new_id()),
            upload=HeldUpload(json.dumps(file).encode(), media_type="application/json"),
        )
        return await bulk.submit_bulk(actor=self.by_owner(source), submission=submission)

    def by_owner(self, wallet_id: UUID) -> Actor:
        return user(self.owners[wallet_id])

    async def expire(self) -> int:
        return await ExpireTransfers(unit_of_work(self.database), self.clock)()

    async def balance(self, wallet_id: UUID) -> tuple[Decimal, Decimal]:
        """Return the balance and the held amount."""
        view = await self.payments.wallets.get_wallet_for_peer(wallet_id=wallet_id)
        return view.balance, view.held

    async def scalar(self, query: str, **parameters: object) -> Any:
        async with self.database.read() as connection:
            return await connection.scalar(text(query), parameters)

    async def broken(self) -> list[str]:
        """Verify the whole ledger."""
        return [f"{one.rule}: {one.broken}" async for one in LedgerVerification(self.database).findings() if one.broken]


async def outcome(work: Awaitable[Any]) -> Any:
    """Return the result, or the error that was raised."""
    try:
        return await work
    except DomainError as refusal:
        return refusal


def kinds(outcomes: Iterable[Any]) -> dict[Callable[..., Any], int]:
    found: dict[Callable[..., Any], int] = {}
    for one in outcomes:
        found[type(one)] = found.get(type(one), 0) + 1
    return found
