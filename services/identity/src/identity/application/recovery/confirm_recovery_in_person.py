"""Confirmation of a recovery request by the account's mailbox, or by an operator who has seen the owner in person."""

from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.recovery import audit
from identity.application.recovery.confirmation import confirm
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ConfirmRecoveryInPerson:
    """Confirm a request of an owner whose mailbox is lost or receives no mail. For the command line.

    `seen_by` is the member of staff who has seen the owner and the owner's papers. They cannot decide on the request.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, request_id: UUID, seen_by: UUID, reason: str) -> None:
        """Raise NotFound, RecoveryDecided if it is decided or too old, or RecoveryPending if it or another one is confirmed."""
        at = self.clock.now()
        user_id = await self._owner_of(actor, request_id)
        async with self.uow.begin(actor) as tx:
            # Lock the users first, as everywhere, and in id order, or two transactions that lock both deadlock.
            users = {id_: await tx.users.lock(id_) for id_ in sorted({user_id, seen_by})}
            if None in users.values():
                raise NotFound(user_id=user_id, seen_by=seen_by)
            request = await confirm(tx, request_id, actor=actor, at=at)
            request.trigger(seen_by)
            tx.record(audit.recovery_confirmed(request, at=at, reason=reason))

    async def _owner_of(self, actor: Actor, request_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            request = await tx.recovery_requests.lock(request_id)
            if request is None:
                raise NotFound(request_id=request_id)
            return request.user_id
