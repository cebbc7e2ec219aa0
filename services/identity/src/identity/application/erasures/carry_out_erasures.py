from dataclasses import dataclass
from uuid import UUID

from identity.application.erasures import audit
from identity.application.erasures.complete_erasure import complete
from identity.application.ports.erasures import ErasureBook
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.erasure import ASKED_AGAIN_AFTER
from kernel.actor import Actor
from kernel.clock import Clock

BATCH = 100


@dataclass(frozen=True, slots=True)
class CarryOutErasures:
    """Erase users whose legal date has come, and ask services that have not answered again. Each in its own transaction."""

    uow: UnitOfWork
    book: ErasureBook
    clock: Clock

    async def __call__(self) -> int:
        """Return how many users were erased."""
        at = self.clock.now()
        for erasure_id in await self.book.unanswered_erasures(at - ASKED_AGAIN_AFTER, limit=BATCH):
            await self._ask_again(erasure_id)
        return sum([await self._erase(erasure_id) for erasure_id in await self.book.due_erasures(at, limit=BATCH)])

    async def _ask_again(self, erasure_id: UUID) -> None:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            erasure = await tx.erasures.lock(erasure_id)
            if erasure and erasure.ask_again(at=at):
                tx.record(audit.erasure_asked_again(erasure, at=at))

    async def _erase(self, erasure_id: UUID) -> bool:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            user_id = await tx.erasures.user_of(erasure_id)
            user = await tx.users.lock(user_id) if user_id else None
            erasure = await tx.erasures.lock(erasure_id)
            # Another worker may have carried it out already.
            if user is None or erasure is None or not erasure.is_due(at):
                return False
            await complete(tx, user, erasure, at=at)
            return True
