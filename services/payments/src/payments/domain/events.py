"""The events of payments. Each has a message in elcorp.payments.v1."""

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
    """The wallet's usage is now `personal` or `merchant`."""

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
    """Transfers of one bulk transfer that were settled together."""

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
    """Money is on hold until another person decides."""


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
    """`refunded` is the sum of all refunds so far."""

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
    """The wallet's ceiling has changed; None means that it has none of its own."""

    wallet_id: UUID
    ceiling: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRenamed(Event):
    """The owner has renamed a wallet. The name is not disclosed."""

    wallet_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TierAssigned(Event):
    """An owner was assigned to another tier, with other limits."""

    owner_id: UUID
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingChanged(Event):
    """A fee rule, a rate or a limit has a new version or an end. Every process that prices orders loads them again."""

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
    """A bulk transfer was accepted, has started, or is being cancelled. `BulkCompleted` announces its end."""

    bulk_id: UUID
    initiator_id: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCompleted(Event):
    """A bulk transfer has ended with this `status`; the counts are of its lines."""

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
    """A schedule was planned, paused, resumed, moved or cancelled, or has ended. While `next_at` is None, nothing is due."""

    schedule_id: UUID
    initiator_id: UUID
    status: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceFailed(Event):
    """A scheduled transfer was due and was refused; `code` is the error code."""

    schedule_id: UUID
    initiator_id: UUID
    number: int
    due_at: datetime
    code: str
