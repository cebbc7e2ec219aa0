"""What can be asked about wallet addresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class WalletAddressView:
    address: UUID
    issued_at: datetime
    retired_at: datetime | None


class AddressQueries(Protocol):
    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        """List a user's wallet addresses, oldest first."""
