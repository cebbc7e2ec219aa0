"""A transfer: one double entry, from one account to another."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID

from kernel.errors import KeyReused
from kernel.events import Aggregate
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind
from payments.domain.errors import NotPositive, NotTheOwner, SelfTransfer
from payments.domain.events import TransferSettled


class TransferKind(StrEnum):
    TRANSFER = "transfer"
    ISSUANCE = "issuance"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """What somebody asks for. `key` is the caller's Idempotency-Key, unique to the initiator."""

    kind: TransferKind
    key: str
    initiator_id: UUID
    source_id: UUID
    target_id: UUID
    amount: Money
    description: str

    def __post_init__(self) -> None:
        if not self.amount.is_positive:
            raise NotPositive(field="amount", amount=self.amount.text)
        if self.source_id == self.target_id:
            raise SelfTransfer(field="target_wallet_id", wallet_id=self.source_id)


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg: a signed change of one account, and the balance that it left."""

    account_id: UUID
    amount: Decimal
    balance_after: Decimal


@dataclass(eq=False)
class Transfer(Aggregate):
    id: UUID
    order: TransferOrder
    settled_at: datetime
    # The debit and the credit; none when read back for a replay, which only repeats what was asked.
    postings: tuple[Posting, ...]

    @classmethod
    def settle(cls, order: TransferOrder, source: Account, target: Account, at: datetime) -> Self:
        """Post the double entry; both accounts are locked by the caller, and neither changes when one refuses."""
        if order.kind is TransferKind.TRANSFER and (source.kind, source.owner_id) != (AccountKind.WALLET, order.initiator_id):
            raise NotTheOwner(wallet_id=order.source_id)
        amount = order.amount
        # Both are asked before either changes: in a batch, a half-posted entry would spoil its neighbours.
        source.require_debit(amount)
        target.require_credit(amount)
        source.debit(amount)
        target.credit(amount)
        legs = (
            Posting(source.id, -amount.amount, source.balance),
            Posting(target.id, amount.amount, target.balance),
        )
        transfer = cls(new_id(), order, at, legs)
        transfer.announce(
            TransferSettled(
                occurred_at=at,
                transfer_id=transfer.id,
                source_id=source.id,
                target_id=target.id,
                amount=amount,
                initiator_id=order.initiator_id,
            )
        )
        return transfer

    def confirm_replay(self, order: TransferOrder) -> Self:
        """Answer a repeated request with this transfer, or refuse a key that was reused for another (KeyReused)."""
        if self.order != order:
            raise KeyReused(transfer_id=self.id)
        return self
