from dataclasses import dataclass

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.wallet_addresses import audit
from identity.domain.errors import TooManyAddresses
from identity.domain.wallet_address import LIVE_MAX, WalletAddress, tidy_label
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AccessDenied


@dataclass(frozen=True, slots=True)
class IssueWalletAddress:
    """Issue another wallet address to the caller. Payments opens its wallet when it receives the event."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, currency: str, label: str | None) -> WalletAddress:
        """Raise UnknownCurrency, InvalidLabel, or TooManyAddresses."""
        tidy = tidy_label(label) if label is not None else None
        address = WalletAddress.issue_further(actor.user_id, currency, at=self.clock.now())
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(actor.user_id)
            if user is None or not user.is_active:
                # The token may be valid for some minutes after the account was closed.
                raise AccessDenied(user_id=actor.user_id)
            if await tx.wallet_addresses.count_live(user.id) >= LIVE_MAX:
                raise TooManyAddresses(live_max=LIVE_MAX)
            tx.wallet_addresses.add(address)
            if tidy is not None:
                await tx.wallet_addresses.label(address, tidy)
            tx.create(audit.ADDRESS, address, "issue", at=address.issued_at)
        return address
