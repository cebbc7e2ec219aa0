"""The read models of wallet addresses."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class WalletAddressView:
    address: UUID
    currency: str
    label: str | None = field(repr=False)
    issued_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class AddressHolder:
    """The owner of an address. `full_name` is None if the owner was erased."""

    address: UUID
    user_id: UUID
    is_active: bool
    full_name: str | None = field(repr=False)


class WalletAddressViews(Protocol):
    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        """List a user's wallet addresses, oldest first."""

    async def wallet_address(self, user_id: UUID, address: UUID) -> WalletAddressView | None:
        """Find an address of this user."""

    async def address_holder(self, address: UUID) -> AddressHolder | None:
        """Find the owner of an address. It is active if it is not retired and its owner may act."""


async def read_own_address(views: WalletAddressViews, actor: Actor, address: UUID) -> WalletAddressView:
    """Read a wallet address of the caller. Raise NotFound for another's."""
    view = await views.wallet_address(actor.user_id, address)
    if view is None:
        raise NotFound(address=address)
    return view
