"""The ports of wallet addresses."""

from typing import Protocol
from uuid import UUID

from identity.domain.wallet_address import WalletAddress


class WalletAddressRepository(Protocol):
    def add(self, address: WalletAddress) -> None: ...

    async def lock(self, address: UUID) -> WalletAddress | None:
        """Find an address and lock it until the transaction ends."""

    async def count_live(self, user_id: UUID) -> int:
        """Count a user's live addresses. Call this only under the user's lock, or another may be added meanwhile."""

    async def label(self, address: WalletAddress, label: str | None) -> None:
        """Seal an address's label under its owner's key, or remove it."""
