from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.wallet_addresses import audit
from identity.domain.errors import LastAddress
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RetireWalletAddress:
    """Offer one of the caller's addresses to payers no more; what lies in its wallet stays the caller's.

    Doing it again changes nothing. An account keeps one address at least.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, address: UUID) -> None:
        """Raise LastAddress, or NotFound for an address that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # The user first: of two addresses retired at once one must stay.
            await tx.users.lock(actor.user_id)
            found = await tx.wallet_addresses.lock(address)
            if found is None or found.user_id != actor.user_id:
                raise NotFound(address=address)
            if not found.is_live:
                return
            if await tx.wallet_addresses.count_live(actor.user_id) == 1:
                raise LastAddress(address=address)
            with tx.change(audit.ADDRESS_LIFE, found, "retire", at=at):
                found.retire(at=at)
