"""What happens in payments; each has its message in elcorp.payments.v1."""

from dataclasses import dataclass
from uuid import UUID

from kernel.events import Event
from kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletOpened(Event):
    wallet_id: UUID
    owner_id: UUID
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettled(Event):
    transfer_id: UUID
    source_id: UUID
    target_id: UUID
    amount: Money
    initiator_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingChanged(Event):
    """A fee rule, a rate or a limit has another version, or an end; every process that prices fetches them anew."""

    noun: str
    series: str
