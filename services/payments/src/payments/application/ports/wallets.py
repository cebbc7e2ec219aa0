"""What use cases need of wallets, which are the accounts that people own."""

from typing import Protocol
from uuid import UUID

from payments.domain.account import Account


class Wallets(Protocol):
    async def lock(self, wallet_id: UUID, *, owner_id: UUID | None = None) -> Account:
        """Lock a wallet until the transaction ends; raises NotFound for none, or one that `owner_id` does not own."""

    async def add(self, wallet: Account) -> None: ...

    async def save(self, wallet: Account) -> None:
        """Write status, ceiling, name and usage of a locked wallet."""

    async def count_of(self, owner_id: UUID) -> int:
        """Count an owner's wallets that are not closed; until the transaction ends nobody else counts them."""

    async def expecting(self, wallet_id: UUID) -> int:
        """Count the holds that wait to be paid into a locked wallet."""
