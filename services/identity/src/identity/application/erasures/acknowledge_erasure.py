from dataclasses import dataclass
from uuid import UUID

from identity.application.erasures import audit
from identity.application.ports.erasures import ErasureUnitOfWork
from identity.domain.erasure import Acknowledgement
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class AcknowledgeErasure:
    """Record a service's answer. The last answer determines when the erasure may be carried out."""

    uow: ErasureUnitOfWork
    clock: Clock

    async def __call__(self, *, erasure_id: UUID, context: str, acknowledgement: Acknowledgement) -> None:
        """Raise NotFound for an unknown erasure, UnknownAcknowledgement for a service that was not asked."""
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            user_id = await tx.erasures.user_of(erasure_id)
            user = await tx.users.lock(user_id) if user_id else None
            erasure = await tx.erasures.lock(erasure_id)
            if user is None or erasure is None:
                raise NotFound(erasure_id=erasure_id)
            if not erasure.acknowledge(context, acknowledgement):
                return
            tx.record(audit.erasure_acknowledged(erasure, context, at=at))
