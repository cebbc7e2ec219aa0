"""Port to wallets, the accounts that users own."""

from typing import Protocol
from uuid import UUID

from payments.domain.account import Account


class WalletRepository(Protocol):
    async def lock(self, wallet_id: UUID, *, owner_id: UUID | None = None) -> Account:
        """Lock a wallet until the transaction ends. Raise NotFound if it does not exist or `owner_id` does not own it."""

    async def add(self, wallet: Account) -> None: ...

    async def save(self, wallet: Account) -> None:
        """Write status, ceiling, name and usage of a locked wallet."""

    async def count_of(self, owner_id: UUID) -> int:
        """Count an owner's wallets that are not closed. Other transactions cannot count them until this one ends."""

    async def expecting(self, wallet_id: UUID) -> int:
        """Count the holds that may still be paid into a locked wallet."""
