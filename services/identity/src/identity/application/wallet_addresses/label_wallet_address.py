from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.wallet_addresses import audit
from identity.application.wallet_addresses.views import WalletAddressView, WalletAddressViews, read_own_address
from identity.domain.wallet_address import tidy_label
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class LabelWalletAddress:
    """Change or remove the label of one of the caller's addresses. Only the caller sees it."""

    uow: UnitOfWork
    views: WalletAddressViews
    clock: Clock

    async def __call__(self, *, actor: Actor, address: UUID, label: str | None) -> WalletAddressView:
        """Raise InvalidLabel, or NotFound for an address that is not the caller's."""
        tidy = tidy_label(label) if label is not None else None
        async with self.uow.begin(actor) as tx:
            found = await tx.wallet_addresses.lock(address)
            if found is None or found.user_id != actor.user_id:
                raise NotFound(address=address)
            await tx.wallet_addresses.label(found, tidy)
            tx.record(audit.address_labelled(found, labelled=tidy is not None, at=self.clock.now()))
        return await read_own_address(self.views, actor, address)
