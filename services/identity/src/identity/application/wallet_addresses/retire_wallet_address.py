from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.wallet_addresses import audit
from identity.application.wallet_addresses.views import WalletAddressView, WalletAddressViews, read_own_address
from identity.domain.errors import LastAddress
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RetireWalletAddress:
    """Retire one of the caller's addresses: payers can no longer use it. Its wallet stays the caller's.

    Repeating it changes nothing. An account keeps at least one address.
    """

    uow: UnitOfWork
    views: WalletAddressViews
    clock: Clock

    async def __call__(self, *, actor: Actor, address: UUID) -> WalletAddressView:
        """Raise LastAddress, or NotFound for an address that is not the caller's."""
        async with self.uow.begin(actor) as tx:
            # Lock the user first: if two addresses are retired concurrently, one must stay.
            await tx.users.lock(actor.user_id)
            found = await tx.wallet_addresses.lock(address)
            if found is None or found.user_id != actor.user_id:
                raise NotFound(address=address)
            if found.is_live:
                if await tx.wallet_addresses.count_live(actor.user_id) == 1:
                    raise LastAddress(address=address)
                with tx.change(audit.ADDRESS_LIFE, found, "retire", at=self.clock.now()) as at:
                    found.retire(at=at)
        return await read_own_address(self.views, actor, address)
