"""A model of payments in plain Python and whole cents: no ledger, postings or SQL."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Final
from uuid import UUID

from payments.domain import errors
from payments.domain.transfer_order import TransferOrder

FEE: Final = 50
APPROVAL_FROM: Final = 300_00
DAY_MAX: Final = 1500_00
HOLD_LIFE: Final = timedelta(days=7)
APPROVAL_LIFE: Final = timedelta(hours=72)
_NAMIBIA: Final = timezone(timedelta(hours=2))
_NEVER: Final = datetime.max.replace(tzinfo=_NAMIBIA)
OPEN: Final = frozenset({"pending", "pending_approval"})
Refusals = set[type[Exception]]


@dataclass
class ModelWallet:
    owner_id: UUID
    balance: int = 0
    held: int = 0
    frozen: bool = False

    @property
    def available(self) -> int:
        return self.balance - self.held


@dataclass
class ModelTransfer:
    order: TransferOrder
    amount: int
    made_at: datetime
    status: str = ""
    # The first response to the request that made it.
    began: str = ""
    fee: int = FEE
    held: int = 0
    moved: int = 0
    refunded: int = 0
    expires_at: datetime = _NEVER

    @property
    def source_id(self) -> UUID:
        return self.order.source_id

    @property
    def target_id(self) -> UUID:
        return self.order.target_id


@dataclass
class Model:
    """For each act, one method returns the possible errors; the act itself runs only if there are none."""

    wallets: dict[UUID, ModelWallet] = field(default_factory=dict)
    transfers: dict[UUID, ModelTransfer] = field(default_factory=dict)
    spent: dict[tuple[UUID, date], int] = field(default_factory=dict)
    fees: int = 0
    issued: int = 0

    def refuses_payment(self, order: TransferOrder, amount: int, at: datetime) -> Refusals:
        source, target = self.wallets[order.source_id], self.wallets[order.target_id]
        refusals = self._frozen(source, target)
        if self.spent.get((source.owner_id, day_of(at)), 0) + amount > DAY_MAX:
            refusals.add(errors.LimitExceeded)
        if source.available < amount + FEE:
            refusals.add(errors.InsufficientFunds)
        return refusals

    def pay(self, transfer_id: UUID, order: TransferOrder, amount: int, at: datetime) -> None:
        made = self.transfers[transfer_id] = ModelTransfer(order, amount, at)
        self._count(made, amount)
        if amount >= APPROVAL_FROM:
            self._hold(made, "pending_approval", at + APPROVAL_LIFE)
        elif order.capture_later:
            self._hold(made, "pending", at + HOLD_LIFE)
        else:
            self._move(made, amount)
        made.began = made.status

    def refuses_capture(self, transfer_id: UUID, part: int, at: datetime) -> Refusals:
        one = self.transfers[transfer_id]
        refusals = self._frozen(*self._parties(one)) | self._unless(one.status == "pending" and at < one.expires_at)
        return refusals | ({errors.CaptureTooLarge} if part > one.amount else set())

    def capture(self, transfer_id: UUID, part: int) -> None:
        one = self.transfers[transfer_id]
        self._release(one)
        one.fee = one.fee * part // one.amount
        self._count(one, part - one.amount)
        self._move(one, part)

    def refuses_decision(self, transfer_id: UUID, at: datetime, *, approved: bool) -> Refusals:
        one = self.transfers[transfer_id]
        moves = approved and not one.order.capture_later
        frozen = self._frozen(*self._parties(one)) if moves else set()
        return frozen | self._unless(one.status == "pending_approval" and at < one.expires_at)

    def approve(self, transfer_id: UUID, at: datetime) -> None:
        one = self.transfers[transfer_id]
        if one.order.capture_later:
            one.status, one.expires_at = "pending", at + HOLD_LIFE
            return
        self._release(one)
        self._move(one, one.amount)

    def refuses_end(self, transfer_id: UUID) -> Refusals:
        return self._unless(self.transfers[transfer_id].status in OPEN)

    def end(self, transfer_id: UUID, status: str) -> None:
        one = self.transfers[transfer_id]
        self._release(one)
        self._count(one, -one.amount)
        one.status = status

    def expire(self, at: datetime) -> int:
        overdue = [id_ for id_, one in self.transfers.items() if one.status in OPEN and at >= one.expires_at]
        for transfer_id in overdue:
            self.end(transfer_id, "cancelled" if self.transfers[transfer_id].status == "pending" else "failed")
        return len(overdue)

    def refuses_refund(self, transfer_id: UUID, amount: int) -> Refusals:
        one = self.transfers[transfer_id]
        source, target = self._parties(one)
        refusals = self._frozen(source, target) | self._unless(one.status == "completed")
        if one.refunded + amount > one.moved:
            refusals.add(errors.RefundTooLarge)
        return refusals | ({errors.InsufficientFunds} if target.available < amount else set())

    def refund(self, transfer_id: UUID, amount: int) -> None:
        one = self.transfers[transfer_id]
        source, target = self._parties(one)
        after = one.refunded + amount
        fee = one.fee * after // one.moved - one.fee * one.refunded // one.moved
        one.refunded = after
        target.balance -= amount
        source.balance += amount + fee
        self.fees -= fee

    def refuses_reversal(self, transfer_id: UUID) -> Refusals:
        one = self.transfers[transfer_id]
        source, target = self._parties(one)
        refusals = self._frozen(source, target) | self._unless(one.status == "completed")
        if one.refunded:
            refusals.add(errors.NotRefundable)
        return refusals | ({errors.InsufficientFunds} if target.available < one.moved else set())

    def reverse(self, transfer_id: UUID) -> None:
        one = self.transfers[transfer_id]
        source, target = self._parties(one)
        target.balance -= one.moved
        source.balance += one.moved + one.fee
        self.fees -= one.fee
        self._count(one, -one.moved)
        one.status = "reversed"

    def _parties(self, one: ModelTransfer) -> tuple[ModelWallet, ModelWallet]:
        return self.wallets[one.source_id], self.wallets[one.target_id]

    def _hold(self, one: ModelTransfer, status: str, expires_at: datetime) -> None:
        one.status, one.held, one.expires_at = status, one.amount + one.fee, expires_at
        self.wallets[one.source_id].held += one.held

    def _release(self, one: ModelTransfer) -> None:
        self.wallets[one.source_id].held -= one.held
        one.held = 0

    def _move(self, one: ModelTransfer, amount: int) -> None:
        source, target = self._parties(one)
        one.status, one.moved = "completed", amount
        source.balance -= amount + one.fee
        target.balance += amount
        self.fees += one.fee

    def _count(self, one: ModelTransfer, amount: int) -> None:
        day = self.wallets[one.source_id].owner_id, day_of(one.made_at)
        self.spent[day] = self.spent.get(day, 0) + amount

    @staticmethod
    def _frozen(*wallets: ModelWallet) -> Refusals:
        return {errors.AccountFrozen} if any(wallet.frozen for wallet in wallets) else set()

    @staticmethod
    def _unless(allowed: bool) -> Refusals:  # a condition, spelled at the call
        return set() if allowed else {errors.NotPending}


def day_of(at: datetime) -> date:
    return at.astimezone(_NAMIBIA).date()
