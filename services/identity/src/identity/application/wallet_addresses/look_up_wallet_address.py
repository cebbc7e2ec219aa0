from dataclasses import dataclass

from identity.application.wallet_addresses.look_up_address import LookUpAddress, Payee
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class LookUpWalletAddress:
    """Show a payer the masked name of the payee. Only for addresses that can be paid."""

    look_up_address: LookUpAddress

    async def __call__(self, *, address: str) -> Payee:
        """Raise InvalidWalletAddress for a mistyped address, NotFound for one that cannot be paid."""
        payee = await self.look_up_address(address=address)
        if not payee.is_active:
            raise NotFound(address=payee.address)
        return payee
