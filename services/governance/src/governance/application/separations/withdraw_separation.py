from dataclasses import dataclass

from governance.application.ports.transaction import UnitOfWork
from governance.application.separations import audit
from governance.application.separations.views import SeparationView
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class WithdrawSeparation:
    """Withdraw a separation: the given version, or any if None. Withdrawing a withdrawn one changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, version: int | None, reason: str) -> SeparationView:
        """Raise NotFound or StaleVersion."""
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            separation = await tx.separations.find(name)
            if not separation:
                raise NotFound(separation=name)
            if not separation.is_withdrawn:
                if version is not None and separation.version != version:
                    raise StaleVersion(field="If-Match", separation=name, version=separation.version)
                with tx.change(audit.SEPARATION, separation, "withdraw", at=self.clock.now(), reason=reason):
                    separation.withdraw()
            return SeparationView.of(separation)
