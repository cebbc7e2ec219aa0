"""What use cases need of the ledger's accounts."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from payments.domain.account import Account


class Accounts(Protocol):
    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Lock the accounts until the transaction ends, in id order whatever the order asked; absent ones are left out."""

    async def save(self, accounts: Sequence[Account]) -> None:
        """Write the balances, holds and versions of locked accounts."""

    async def save_state(self, account: Account) -> None:
        """Write what else changes of a locked account: status, ceiling, name, usage."""


class AccountLookup(Protocol):
    async def of(self, wallet_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Look accounts up without locking them; absent ones are left out."""
