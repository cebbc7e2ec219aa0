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
    """Tell a peer whose an address is, in either form, a retired one too."""

    queries: WalletAddressViews

    async def __call__(self, *, address: str) -> Payee:
        """Raise InvalidWalletAddress for a mistyped one, NotFound for one that was never issued."""
        holder = await self.queries.address_holder(read_address(address))
        if holder is None:
            raise NotFound(address=address)
        return Payee(holder.address, holder.user_id, holder.is_active, masked(holder.full_name or ""))


@dataclass(frozen=True, slots=True)
class FindPayee:
    """Show a payer whom they are about to pay: only addresses that may be paid, and no more of a name than it takes."""

    look_up: LookUpAddress

    async def __call__(self, *, address: str) -> Payee:
        payee = await self.look_up(address=address)
        if not payee.is_active:
            raise NotFound(address=payee.address)
        return payee
