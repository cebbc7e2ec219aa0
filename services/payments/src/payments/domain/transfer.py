"""A transfer: from an order to a journal entry, either directly or through a hold and a decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from kernel.errors import KeyReused
from kernel.events import Aggregate
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account
from payments.domain.entry import Accounts, Move, Posting, moves_of, post
from payments.domain.errors import CaptureTooLarge, NotPending, NotRefundable, OwnDecision, RefundTooLarge
from payments.domain.events import (
    TransferAwaitingApproval,
    TransferCancelled,
    TransferFailed,
    TransferHeld,
    TransferRefunded,
    TransferReversed,
    TransferSettled,
)
from payments.domain.parties import account, require_payee, require_payer
from payments.domain.price_book import FeeLine, Quote
from payments.domain.rounding import pro_rata
from payments.domain.transfer_order import EXPIRED, TransferKind, TransferOrder


class TransferStatus(StrEnum):
    """`pending`: the money is on hold, to be captured. `pending_approval`: on hold until another person decides."""

    PENDING = "pending"
    PENDING_APPROVAL = "pending_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVERSED = "reversed"


_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class FirstState:
    """The first state of a transfer that was put on hold, because its fees and status change later."""

    status: TransferStatus
    fees: tuple[FeeLine, ...]
    expires_at: datetime


@dataclass(eq=False)
class Transfer(Aggregate):
    """`postings` are those to be written now: none while it is on hold, none when it was loaded.

    `held` is the source's money that it has on hold, `captured` the part of the amount that a capture moved, and `refunded`
    the part that was refunded, all in the amount's currency. `reason` is the reason of its end.
    """

    id: UUID
    order: TransferOrder
    quote: Quote
    status: TransferStatus
    created_at: datetime
    settled_at: datetime | None = None
    postings: tuple[Posting, ...] = ()
    held: Decimal = _ZERO
    captured: Decimal | None = None
    refunded: Decimal = _ZERO
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    version: int = 1
    began: FirstState | None = None

    @classmethod
    def settle(cls, order: TransferOrder, quote: Quote, accounts: Accounts, at: datetime) -> Self:
        """Post the entry. The caller has locked the accounts; if one refuses, none is changed."""
        source, _ = _require_parties(order, accounts)
        _require_funds(source, order, quote)
        transfer = cls(new_id(), order, quote, TransferStatus.COMPLETED, at, settled_at=at)
        transfer.postings = post(moves_of(order.source_id, order.target_id, quote), accounts)
        transfer._announce_settled(at)
        return transfer

    @classmethod
    def hold(
        cls,
        order: TransferOrder,
        quote: Quote,
        accounts: Accounts,
        at: datetime,
        *,
        expires_at: datetime,
        awaiting_approval: bool = False,
    ) -> Self:
        """Put the amount and its fees on hold until a capture, a decision or `expires_at`."""
        source, target = _require_parties(order, accounts)
        # Do not wait for an entry that the target would refuse.
        target.require_credit(quote.conversion.target if quote.conversion else quote.amount)
        _require_funds(source, order, quote)
        source.hold(quote.total)
        status = TransferStatus.PENDING_APPROVAL if awaiting_approval else TransferStatus.PENDING
        began = FirstState(status, quote.fees, expires_at)
        transfer = cls(new_id(), order, quote, status, at, held=quote.total.amount, expires_at=expires_at, began=began)
        transfer._announce_held(TransferAwaitingApproval if awaiting_approval else TransferHeld, at, expires_at)
        return transfer

    @property
    def moved(self) -> Money:
        """The part of the amount that has moved or will move."""
        return self.quote.amount if self.captured is None else Money(self.captured, self.quote.amount.currency)

    @property
    def spent(self) -> Money:
        """The part that counts against its payer's limits: not what did not move or was undone."""
        undone = {TransferStatus.FAILED, TransferStatus.CANCELLED, TransferStatus.REVERSED}
        if self.status in undone or not self.order.kind.is_the_owners:
            return Money.zero(self.quote.amount.currency.code)
        return self.moved

    def is_overdue(self, at: datetime) -> bool:
        """Return whether its time for a capture or decision has passed."""
        return self.held > 0 and self.expires_at is not None and at >= self.expires_at

    def capture(self, accounts: Accounts, amount: Money | None, at: datetime) -> None:
        """Settle the hold, in whole or in part, and release the rest. The fees are those of the part that moves."""
        self._require(TransferStatus.PENDING)
        self._require_in_time(at)
        part = amount or self.quote.amount
        if part > self.quote.amount or not part.is_positive:
            raise CaptureTooLarge(field="amount", transfer_id=self.id, held=self.quote.amount.text)
        self._release_hold(accounts)
        self.captured = part.amount
        if part != self.quote.amount:
            self.quote = _part_of(self.quote, part)
        self._complete(accounts, replace(self.quote, amount=part), at)

    def approve(
        self, accounts: Accounts, *, by: UUID, at: datetime, expires_at: datetime, decided_at: datetime | None = None
    ) -> None:
        """Approve the transfer: settle it now, or turn it into a hold if it is to be captured later.

        `decided_at` is when it was decided, if that was earlier.
        """
        self._decide(accounts, by, at, decided_at)
        if self.order.capture_later:
            self.status, self.expires_at, self.version = TransferStatus.PENDING, expires_at, self.version + 1
            self._announce_held(TransferHeld, at, expires_at)
            return
        self._release_hold(accounts)
        self._complete(accounts, self.quote, at)

    def reject(self, accounts: Accounts, *, by: UUID, reason: str, at: datetime, decided_at: datetime | None = None) -> None:
        self._decide(accounts, by, at, decided_at)
        self._fail(accounts, reason, at)

    def void(self, accounts: Accounts, *, reason: str, at: datetime) -> None:
        """Cancel the hold and release its money."""
        self._require(TransferStatus.PENDING, TransferStatus.PENDING_APPROVAL)
        self._cancel(accounts, reason, at)

    def expire(self, accounts: Accounts, *, at: datetime) -> None:
        """End the hold after its time has passed; before that, raise NotPending."""
        if not self.is_overdue(at):
            raise NotPending(transfer_id=self.id, status=self.status)
        if self.status is TransferStatus.PENDING_APPROVAL:
            self._fail(accounts, EXPIRED, at)
        else:
            self._cancel(accounts, EXPIRED, at)

    def reverse(self, order: TransferOrder, accounts: Accounts, postings: Sequence[Posting], at: datetime) -> "Transfer":
        """Undo the whole entry with its fees by a mirrored entry. Not possible after a partial refund."""
        self._require(TransferStatus.COMPLETED)
        if self.refunded or self.order.parent_id:
            raise NotRefundable(transfer_id=self.id, kind=self.order.kind, refunded=f"{self.refunded:f}")
        _require_parties(order, accounts)
        reversal = Transfer(new_id(), order, Quote(order.amount), TransferStatus.COMPLETED, at, settled_at=at)
        credits_back = [posting for posting in postings if posting.amount > 0]
        reversal.postings = post(
            [
                Move(posting.account_id, posting.counterparty_id, Money.of(posting.amount, posting.currency))
                for posting in reversed(credits_back)
            ],
            accounts,
        )
        self.status, self.closed_at, self.version = TransferStatus.REVERSED, at, self.version + 1
        self.reason = order.description
        self.announce(TransferReversed(occurred_at=at, transfer_id=self.id, reversal_id=reversal.id, reason=order.description))
        reversal._announce_settled(at)
        return reversal

    def refund(self, order: TransferOrder, accounts: Accounts, at: datetime) -> "Transfer":
        """Return a part of what the target received, and the refundable share of the fees; in total never more than was paid."""
        self._require(TransferStatus.COMPLETED)
        if self.order.kind not in {TransferKind.TRANSFER, TransferKind.PAYMENT} or self.quote.conversion:
            raise NotRefundable(transfer_id=self.id, kind=self.order.kind)
        before = Money(self.refunded, self.moved.currency)
        if before + order.amount > self.moved:
            raise RefundTooLarge(field="amount", transfer_id=self.id, left=(self.moved - before).text)
        _require_parties(order, accounts)
        refund = Transfer(new_id(), order, Quote(order.amount), TransferStatus.COMPLETED, at, settled_at=at)
        moves = [Move(order.source_id, order.target_id, order.amount), *self._fees_back(before, order)]
        refund.postings = post(moves, accounts)
        self.refunded, self.version = self.refunded + order.amount.amount, self.version + 1
        self.announce(
            TransferRefunded(
                occurred_at=at,
                transfer_id=self.id,
                refund_id=refund.id,
                amount=order.amount,
                refunded=Money(self.refunded, order.amount.currency),
            )
        )
        refund._announce_settled(at)
        return refund

    def as_made(self) -> "Transfer":
        """Return the transfer as in the response to the request that made it, regardless of its current state."""
        if self.began:
            quote = replace(self.quote, fees=self.began.fees)
            return Transfer(
                self.id,
                self.order,
                quote,
                self.began.status,
                self.created_at,
                held=quote.total.amount,
                expires_at=self.began.expires_at,
                began=self.began,
            )
        if self.order.capture_later or self.decided_by or self.settled_at is None:
            # A hold from the previous release, which did not record its first state.
            return self
        return Transfer(self.id, self.order, self.quote, TransferStatus.COMPLETED, self.created_at, settled_at=self.settled_at)

    def fee_accounts(self) -> tuple[str, ...]:
        """The codes of the system accounts that received its fees."""
        return tuple({line.account_code for line in self.quote.fees})

    def confirm_replay(self, order: TransferOrder) -> "Transfer":
        """Return the first response to a repeated request. Raise KeyReused if the key was reused for another order."""
        if not self.order.asks_the_same_as(order):
            raise KeyReused(transfer_id=self.id)
        return self.as_made()

    def _fees_back(self, before: Money, order: TransferOrder) -> list[Move]:
        # Each refund returns the difference between the shares of all refunds after and before it, so the last completes the fee.
        after = before + order.amount
        moves = []
        for line in self.quote.fees:
            back = pro_rata(line.amount, after, self.moved) - pro_rata(line.amount, before, self.moved)
            if line.refundable and back.is_positive:
                [fee] = moves_of(order.target_id, order.source_id, Quote(back, (replace(line, amount=back),)))[1:]
                moves.append(Move(fee.target_id, fee.source_id, back))
        return moves

    def _decide(self, accounts: Accounts, by: UUID, at: datetime, decided_at: datetime | None) -> None:
        self._require(TransferStatus.PENDING_APPROVAL)
        self._require_in_time(at)
        owners = {accounts[id_].owner_id for id_ in (self.order.source_id, self.order.target_id)}
        if by == self.order.initiator_id or by in owners:
            raise OwnDecision(transfer_id=self.id)
        self.decided_by, self.decided_at = by, decided_at or at

    def _release_hold(self, accounts: Accounts) -> None:
        account(accounts, self.order.source_id, "source_wallet_id").release(self.held)
        self.held = _ZERO

    def _complete(self, accounts: Accounts, quote: Quote, at: datetime) -> None:
        self.postings = post(moves_of(self.order.source_id, self.order.target_id, quote), accounts)
        self.status, self.settled_at, self.version = TransferStatus.COMPLETED, at, self.version + 1
        self.expires_at = None
        self._announce_settled(at)

    def _cancel(self, accounts: Accounts, reason: str, at: datetime) -> None:
        self._end(accounts, TransferStatus.CANCELLED, reason, at)
        self.announce(TransferCancelled(occurred_at=at, transfer_id=self.id, reason=reason))

    def _fail(self, accounts: Accounts, reason: str, at: datetime) -> None:
        self._end(accounts, TransferStatus.FAILED, reason, at)
        self.announce(TransferFailed(occurred_at=at, transfer_id=self.id, reason=reason))

    def _end(self, accounts: Accounts, status: TransferStatus, reason: str, at: datetime) -> None:
        self._release_hold(accounts)
        self.status, self.reason, self.closed_at, self.version = status, reason, at, self.version + 1
        self.expires_at = None

    def _require(self, *statuses: TransferStatus) -> None:
        if self.status not in statuses:
            raise NotPending(transfer_id=self.id, status=self.status)

    def _require_in_time(self, at: datetime) -> None:
        # The outcome must not depend on whether the expiry job has run yet.
        if self.is_overdue(at):
            raise NotPending(transfer_id=self.id, status=EXPIRED)

    def _announce_held(self, event: type[TransferHeld], at: datetime, expires_at: datetime) -> None:
        order = self.order
        self.announce(
            event(
                occurred_at=at,
                transfer_id=self.id,
                source_id=order.source_id,
                target_id=order.target_id,
                amount=order.amount,
                initiator_id=order.initiator_id,
                expires_at=expires_at,
            )
        )

    def _announce_settled(self, at: datetime) -> None:
        order = self.order
        self.announce(
            TransferSettled(
                occurred_at=at,
                transfer_id=self.id,
                source_id=order.source_id,
                target_id=order.target_id,
                amount=self.moved,
                initiator_id=order.initiator_id,
                kind=order.kind,
                reference=order.reference,
                fee_total=self.quote.fee_total,
                parent_id=order.parent_id,
            )
        )


def _require_parties(order: TransferOrder, accounts: Accounts) -> tuple[Account, Account]:
    """Return the locked source and target. Raise NotFound, or the errors of `parties`."""
    source, target = (
        account(accounts, order.source_id, "source_wallet_id"),
        account(accounts, order.target_id, "target_wallet_id"),
    )
    require_payer(order.kind, source, order.payer_id)
    require_payee(order.kind, target)
    return source, target


def _require_funds(source: Account, order: TransferOrder, quote: Quote) -> None:
    # Check the amount and its fees together, so that the error states the whole amount needed.
    if order.kind.is_the_owners:
        source.require_debit(quote.total, by_owner=True)


def _part_of(quote: Quote, part: Money) -> Quote:
    """The quote with the fees of a part; the amount is still the ordered one."""
    fees = (replace(line, amount=pro_rata(line.amount, part, quote.amount)) for line in quote.fees)
    return replace(quote, fees=tuple(line for line in fees if line.amount.is_positive))
