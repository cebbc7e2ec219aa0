"""Ports to the ledger accounts."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from payments.domain.account import Account


class AccountRepository(Protocol):
    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Lock the accounts until the transaction ends, always in id order. Missing accounts are left out."""

    async def save(self, accounts: Sequence[Account]) -> None:
        """Write the balances, holds and versions of locked accounts."""

    async def save_state(self, account: Account) -> None:
        """Write the status, ceiling, name and usage of a locked account."""


class AccountLookup(Protocol):
    async def of(self, wallet_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Look up accounts without locking them. Missing accounts are left out."""
