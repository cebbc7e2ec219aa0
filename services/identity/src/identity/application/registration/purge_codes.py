from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.registration import audit
from identity.domain.one_time_code import RENEWABLE_FOR
from kernel.actor import Actor
from kernel.clock import Clock

KEPT_FOR: Final = RENEWABLE_FOR + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PurgeCodes:
    """Delete codes that can no longer be used, and registrations that nobody confirmed."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            dropped = await tx.one_time_codes.purge(at - KEPT_FOR)
            # A DELETE of no rows is a write too, and a write requires a fact.
            tx.record(audit.codes_purged(dropped, at=at))
        return dropped
