"""What moving money needs of the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.account import Account
from payments.domain.transfer import Transfer, TransferOrder


class Accounts(Protocol):
    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Lock the accounts until the transaction ends, in id order whatever the order asked; absent ones are left out."""

    async def add(self, account: Account) -> None: ...

    async def save(self, accounts: Sequence[Account]) -> None:
        """Write the balances and versions of locked accounts."""


class Transfers(Protocol):
    async def find_by_keys(self, orders: Sequence[TransferOrder]) -> Mapping[tuple[UUID, str], Transfer]:
        """Find earlier transfers by initiator and Idempotency-Key."""

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Write the transfers and their postings."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A transfer that stands; `replayed` when an earlier request with the same key made it."""

    transfer: Transfer
    replayed: bool


class Cashier(Protocol):
    async def settle(self, order: TransferOrder, actor: Actor) -> Settled:
        """Hand in one order; it is settled together with whatever else is waiting, each with its own outcome."""
