"""The common part of resending codes by mail and by text message."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import CodeIssuer
from identity.application.registration.pending_change import is_still_pending
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ResendCode:
    """Send another code in place of the last. The answer does not reveal whether one was sent."""

    uow: UnitOfWork
    codes: CodeIssuer
    clock: Clock

    async def __call__(self, purposes: AbstractSet[Purpose], *, actor: Actor, verification_id: UUID) -> None:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            found = await tx.one_time_codes.lock(verification_id)
            if not found or found[0].purpose not in purposes or not await is_still_pending(tx, *found, at=at):
                return
            if await self.codes.renew(tx, *found, at=at):
                tx.tally(audit.code_renewed(found[0], at=at))
