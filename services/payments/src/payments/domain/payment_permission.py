"""What the policies are asked about a payment, and about a vote on one that waits: some of them read amounts and owners."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.money import Money
from payments.domain.account import Account
from payments.domain.transfer_order import TransferKind

# The permission of users who pay.
PAID_BY: Final = "payment:create"


@dataclass(frozen=True, slots=True)
class Source:
    """The wallet that an order debits. `owner_id` is a person or an organization, `organization_id` only the latter."""

    wallet_id: UUID
    owner_id: UUID | None
    organization_id: UUID | None

    @classmethod
    def of(cls, account: Account | None) -> "Source | None":
        """Return None for what is no wallet: every order of a payer from it is refused."""
        return cls(account.id, account.owner_id, account.organization_id) if account and account.is_wallet else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentQuestion:
    """A request's orders of one kind from a wallet in a currency. `amount` is what its orders of all kinds take there."""

    source: Source
    amount: Decimal
    currency: str
    kind: TransferKind


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteQuestion:
    """A vote on a transfer that waits for an approval; or on a file, of which `amount` is the total."""

    resource_id: UUID
    amount: Money
    organization_id: UUID | None


# Each returns why the policies deny it to the actor, or None. It raises Unavailable if they are too old.
PaymentPermission = Callable[[Actor, PaymentQuestion], DomainError | None]
VotePermission = Callable[[Actor, VoteQuestion], DomainError | None]
