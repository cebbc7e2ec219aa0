from dataclasses import dataclass

from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.separations import audit
from governance.application.separations.views import SeparationView
from governance.domain.errors import UnknownPermission, UnknownRole
from governance.domain.separation import SeparatedDuties, Separation
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists, StaleVersion


@dataclass(frozen=True, slots=True)
class SetSeparation:
    """Put a separation of duties in force. What joins both duties already stays, and is listed as a conflict.

    `version` is the version to replace. None creates a separation, and raises AlreadyExists if one of this name is in force.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, actor: Actor, name: str, duties: SeparatedDuties, version: int | None, reason: str
    ) -> SeparationView:
        async with self.uow.begin(actor) as tx:
            # The guard also prevents two requests from creating the same separation.
            await tx.standings.guard()
            await _require_known(tx, duties)
            separation = await tx.separations.find(name)
            at = self.clock.now()
            if separation is None:
                if version is not None:
                    raise StaleVersion(field="If-Match", separation=name)
                separation = Separation.make(name, duties)
                tx.separations.add(separation)
                tx.create(audit.SEPARATION, separation, "set", at=at, reason=reason)
                return SeparationView.of(separation)
            if version is None and not separation.is_withdrawn:
                raise AlreadyExists(field="name", separation=name, version=separation.version)
            if version is not None and separation.version != version:
                raise StaleVersion(field="If-Match", separation=name, version=separation.version)
            if separation.is_withdrawn or separation.duties != duties:
                with tx.change(audit.SEPARATION, separation, "set", at=at, reason=reason):
                    separation.change(duties)
            return SeparationView.of(separation)


async def _require_known(tx: Transaction, duties: SeparatedDuties) -> None:
    known = {permission.name for permission in await tx.permissions.all()}
    if unknown := sorted({duties.first, duties.second} - known):
        raise UnknownPermission(field="first" if duties.first in unknown else "second", unknown=unknown)
    for role in duties.exempt_roles:
        if not await tx.roles.find(role):
            raise UnknownRole(field="exempt_roles", role=role)
