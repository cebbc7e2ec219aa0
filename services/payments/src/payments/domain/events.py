"""What happens in payments; each has its message in elcorp.payments.v1."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kernel.events import Event
from kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletOpened(Event):
    wallet_id: UUID
    owner_id: UUID
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletUsageChanged(Event):
    """The wallet is used as `personal` or `merchant` from now on."""

    wallet_id: UUID
    usage: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettled(Event):
    transfer_id: UUID
    source_id: UUID
    target_id: UUID
    amount: Money
    initiator_id: UUID
    kind: str
    reference: str
    fee_total: Money
    parent_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransfersSettled(Event):
    """Transfers of one bulk that were settled together."""

    bulk_id: UUID
    settled: tuple[TransferSettled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferHeld(Event):
    """Money is on hold until it is captured, voided, or `expires_at`."""

    transfer_id: UUID
    source_id: UUID
    target_id: UUID
    amount: Money
    initiator_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAwaitingApproval(TransferHeld):
    """Money is on hold until somebody else decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled(Event):
    transfer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(Event):
    transfer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReversed(Event):
    transfer_id: UUID
    reversal_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRefunded(Event):
    """`refunded` is all that was given back so far."""

    transfer_id: UUID
    refund_id: UUID
    amount: Money
    refunded: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletFrozen(Event):
    wallet_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletUnfrozen(Event):
    wallet_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletClosed(Event):
    wallet_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBounded(Event):
    """A wallet holds `ceiling` at most, or as much as any where it is None."""

    wallet_id: UUID
    ceiling: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRenamed(Event):
    """Its owner calls a wallet otherwise; how is theirs to know."""

    wallet_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TierAssigned(Event):
    """Other limits hold for an owner."""

    owner_id: UUID
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingChanged(Event):
    """A fee rule, a rate or a limit has another version, or an end; every process that prices fetches them anew."""

    noun: str
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBroke(Event):
    """An account does not add up. Amounts are credit-positive."""

    account_id: UUID
    currency: str
    what: str
    expected: Decimal
    found: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkChanged(Event):
    """A bulk was accepted, has begun, or is being cancelled; `BulkCompleted` tells its end."""

    bulk_id: UUID
    initiator_id: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCompleted(Event):
    """A bulk has ended, one way or another: `status` says how, the counts are of its lines."""

    bulk_id: UUID
    initiator_id: UUID
    status: str
    lines: int
    settled: int
    awaiting: int
    refused: int
    not_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChanged(Event):
    """A schedule was planned, paused, resumed or cancelled, or has ended; nothing is due of it while `next_at` is None."""

    schedule_id: UUID
    initiator_id: UUID
    status: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceFailed(Event):
    """A scheduled transfer was due and was refused; `code` says why."""

    schedule_id: UUID
    initiator_id: UUID
    number: int
    due_at: datetime
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAcknowledged(Event):
    """`kept`: what stays of an erased user, and why."""

    erasure_id: UUID
    user_id: UUID
    kept: tuple[str, ...]
