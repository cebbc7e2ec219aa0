"""Read models of transfers and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """A transfer as it stands. `fee_total`, `captured` and `refunded` are in `currency`, the one that was paid in.

    `fees` are {"account", "amount", "rule_id", "refundable"}, `signature` {"key_id", "algorithm", "value"}.
    """

    id: UUID
    kind: str
    status: str
    source_id: UUID
    target_id: UUID
    amount: Decimal
    currency: str
    fee_total: Decimal
    reference: str
    description: str
    initiator_id: UUID
    created_at: datetime
    settled_at: datetime | None
    target_amount: Decimal | None = None
    target_currency: str | None = None
    rate: Decimal | None = None
    captured: Decimal | None = None
    refunded: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    parent_id: UUID | None = None
    link_id: UUID | None = None
    version: int = 1
    fees: Sequence[Mapping[str, object]] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    signature: Mapping[str, str] | None = None

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        """Show what was just written as it will be read."""
        order, quote = transfer.order, transfer.quote
        conversion, signature = quote.conversion, order.signature
        return cls(
            id=transfer.id,
            kind=order.kind,
            status=transfer.status,
            source_id=order.source_id,
            target_id=order.target_id,
            amount=order.amount.amount,
            currency=order.amount.currency.code,
            fee_total=quote.fee_total.amount,
            reference=order.reference,
            description=order.description,
            initiator_id=order.initiator_id,
            created_at=transfer.created_at,
            settled_at=transfer.settled_at,
            target_amount=conversion.target.amount if conversion else None,
            target_currency=order.target_currency,
            rate=conversion.rate if conversion else None,
            captured=transfer.captured,
            refunded=transfer.refunded,
            held=transfer.held,
            expires_at=transfer.expires_at,
            closed_at=transfer.closed_at,
            decided_by=transfer.decided_by,
            decided_at=transfer.decided_at,
            reason=transfer.reason,
            parent_id=order.parent_id,
            link_id=order.link_id,
            version=transfer.version,
            fees=[
                {
                    "account": line.account_code,
                    "amount": line.amount.text,
                    "rule_id": str(line.rule_id),
                    "refundable": line.refundable,
                }
                for line in quote.fees
            ],
            metadata=order.metadata,
            signature={"key_id": str(signature.key_id), "algorithm": signature.algorithm, "value": signature.value}
            if signature
            else None,
        )


class HistoryTooLong(InvalidValue):
    """None of the newest transfers matches, and one request looks through no more; choose a period or another filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which transfers are wanted: all that is given must hold. Periods are half open, [since, until).

    `owner_id`: what this user's wallets send and receive; None, which only staff may ask, is everybody's.
    `since` and `until` are of the time of creation; `settled_since` and `settled_until` of the time when the money moved.
    `reference` is matched exactly; `text` is looked for in description and reference, in upper or lower case.
    """

    owner_id: UUID | None = None
    wallet_id: UUID | None = None
    counterparty_id: UUID | None = None
    status: str | None = None
    kind: str | None = None
    currency: str | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    settled_since: datetime | None = None
    settled_until: datetime | None = None
    reference: str | None = None
    text: str | None = None


class TransferViews(Protocol):
    async def transfer(self, transfer_id: UUID) -> TransferView | None: ...

    async def order(self, transfer_id: UUID) -> TransferOrder | None:
        """Return what a transfer asked for, which never changes."""

    async def linked(self, link_id: UUID) -> Sequence[TransferOrder]:
        """Return what transfers asked for that were made together, in no order."""

    async def payee_of(self, transfer_id: UUID) -> UUID | None:
        """Return whose wallet a transfer goes to, None when it goes to one of the platform's accounts."""

    async def owners(self, account_ids: tuple[UUID, ...]) -> frozenset[UUID]:
        """Return whose wallets these accounts are; the platform's own have no owner."""


class TransferHistory(Protocol):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through transfers, newest first.

        A page may be short and still have a next; an empty one has none. Raises HistoryTooLong when a bounded number
        of transfers has none that is wanted and more follow, InvalidValue for a cursor of other filters.
        """

    async def awaiting_approval(self, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through everybody's transfers that wait for a decision, newest first."""
