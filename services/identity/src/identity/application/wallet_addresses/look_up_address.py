from dataclasses import dataclass
from uuid import UUID

from identity.application.wallet_addresses.views import WalletAddressViews
from identity.domain.wallet_address import masked
from kernel.errors import NotFound
from kernel.wallet_addresses import read_address


@dataclass(frozen=True, slots=True)
class Payee:
    address: UUID
    user_id: UUID
    is_active: bool
    masked_name: str


@dataclass(frozen=True, slots=True)
class LookUpAddress:
    """Tell another service the owner of an address, in either form, including a retired one."""

    views: WalletAddressViews

    async def __call__(self, *, address: str) -> Payee:
        """Raise InvalidWalletAddress for a mistyped address, NotFound for one that was never issued."""
        holder = await self.views.address_holder(read_address(address))
        if holder is None:
            raise NotFound(address=address)
        return Payee(holder.address, holder.user_id, holder.is_active, masked(holder.full_name or ""))
