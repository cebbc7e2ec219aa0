from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.standings import audit
from governance.domain.standing import Standing
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class FollowStanding:
    """Record that identity announced a user as able or unable to act.

    The event reports a past change, so it is never refused.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, is_able: bool, version: int) -> None:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            recorded = await tx.standings.find(subject_id)
            standing = recorded or Standing.unrecorded(subject_id, at=at)
            if not standing.is_news(is_able=is_able, version=version):
                return
            if recorded is None:
                tx.standings.add(standing)
            with tx.change(audit.STANDING, standing, "follow", at=at):
                standing.follow(is_able=is_able, version=version, at=at)
