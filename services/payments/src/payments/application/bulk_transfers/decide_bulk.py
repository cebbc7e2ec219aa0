"""Deciding on a file that waits: by the rules of a transfer's approval, for all of its lines at once."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.bulk_transfers import audit
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.domain.bulk import Bulk


@dataclass(frozen=True, slots=True)
class ApproveBulk:
    """Let a waiting file run. The caller holds `payment:approve`, by two factors and minutes ago."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> Bulk:
        """Raise NotFound, OwnDecision for those who handed it in or are paid by it, NotPending."""
        async with self.uow.begin(actor) as tx:
            bulk, pays_decider = await _lock(tx, bulk_id, actor)
            before, at = audit.state(bulk), self.clock.now()
            bulk.approve(by=actor.user_id, pays_decider=pays_decider, at=at)
            await tx.bulks.save(bulk)
            await tx.bulks.queue(bulk.id)
            tx.record(audit.changed(bulk, "approve", before=before, at=at))
            for event in bulk.collect():
                tx.announce(event)
            return bulk


@dataclass(frozen=True, slots=True)
class RejectBulk:
    """Decide against a waiting file: nothing of it runs."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, bulk_id: UUID, reason: str) -> Bulk:
        """Raise NotFound, OwnDecision for those who handed it in or are paid by it, NotPending."""
        async with self.uow.begin(actor) as tx:
            bulk, pays_decider = await _lock(tx, bulk_id, actor)
            before, at = audit.state(bulk), self.clock.now()
            bulk.reject(by=actor.user_id, pays_decider=pays_decider, reason=reason, at=at)
            await tx.bulks.save(bulk)
            tx.record(audit.changed(bulk, "reject", before=before, at=at))
            for event in bulk.collect():
                tx.announce(event)
            return bulk


@dataclass(frozen=True, slots=True)
class ExpireBulks:
    """End files that nobody decided on in time, one transaction each."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many have ended."""
        actor, at, ended = Actor.service("payments"), self.clock.now(), 0
        async with self.uow.begin(actor) as tx:
            overdue = await tx.bulks.overdue(at, limit=limit)
        for bulk_id in overdue:
            async with self.uow.begin(actor) as tx:
                found = await tx.bulks.lock(bulk_id)
                if found is None or not found[0].is_overdue(at):
                    # Decided on at the last moment.
                    continue
                bulk, before = found[0], audit.state(found[0])
                bulk.expire(at=at)
                await tx.bulks.save(bulk)
                tx.record(audit.changed(bulk, "expire", before=before, at=at))
                for event in bulk.collect():
                    tx.announce(event)
                ended += 1
        return ended


async def _lock(tx: Transaction, bulk_id: UUID, actor: Actor) -> tuple[Bulk, bool]:
    found = await tx.bulks.lock(bulk_id)
    if found is None:
        raise NotFound(bulk_id=bulk_id)
    return found[0], await tx.bulks.pays(bulk_id, actor.user_id)
