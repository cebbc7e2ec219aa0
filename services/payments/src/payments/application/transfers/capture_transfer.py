from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.authority import Standings
from payments.application.ports.permissions import RECONCILE, Permissions
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers import audit
from payments.application.transfers.locked_transfer import lock_transfer, write
from payments.application.transfers.rescreen import require_clear
from payments.application.transfers.standing import require_standing
from payments.application.transfers.views import TransferQueries
from payments.domain.errors import LedgerBroken, NotTheOwner
from payments.domain.transfer import Transfer, TransferStatus


@dataclass(frozen=True, slots=True)
class CaptureTransfer:
    """Move what is on hold, or a part of it. Its sender and its receiver may.

    What a sender ordered before a suspension the receiver still captures. Nothing is captured for a receiver, or by anybody,
    who may not act.
    """

    uow: UnitOfWork
    queries: TransferQueries
    screening: Screening
    standings: Standings
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, amount: Money | None) -> Transfer:
        """Raise NotFound for strangers, NotPending, CaptureTooLarge, ScreeningRefused, Unavailable.

        PayeeBarred for a receiver who may not act, PayerSuspended or PayerClosed for such a sender who captures.
        """
        await require_clear(self.uow, self.queries, self.screening, self.clock, actor=actor, transfer_id=transfer_id)
        # A token outlives a suspension by minutes.
        await require_standing(self.queries, self.standings, user_id=actor.user_id, transfer_id=transfer_id)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer = locked.transfer
            if not locked.is_party(actor.user_id):
                raise NotFound(transfer_id=transfer_id)
            before, at = audit.state(transfer), self.clock.now()
            transfer.capture(locked.accounts, amount, at)
            await write(tx, locked, at=at)
            tx.record(audit.changed(transfer, "capture", before=before, accounts=locked.accounts, at=at))
            return transfer


@dataclass(frozen=True, slots=True)
class VoidTransfer:
    """Cancel a hold and release its money.

    Its receiver may, and staff who hold `payment:reconcile`; its sender only while it waits for approval, or a hold would
    be none.
    """

    uow: UnitOfWork
    permissions: Permissions
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, reason: str) -> Transfer:
        """Raise NotFound for strangers, NotTheOwner for the sender of what the receiver may capture, NotPending.

        Raise StepUpRequired for staff whose sign-in is not recent.
        """
        is_staff = self.permissions.allows(actor, RECONCILE)
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer = locked.transfer
            if not (is_staff or locked.is_party(actor.user_id)):
                raise NotFound(transfer_id=transfer_id)
            if not (
                locked.is_target(actor.user_id)
                or transfer.status is TransferStatus.PENDING_APPROVAL
                # Who keeps the ledger keeps to the rule for money of their own.
                or (is_staff and not locked.is_party(actor.user_id))
            ):
                raise NotTheOwner(transfer_id=transfer_id)
            before, at = audit.state(transfer), self.clock.now()
            if not locked.is_party(actor.user_id):
                RECENT.require(actor, at=at)
            transfer.void(locked.accounts, reason=reason, at=at)
            await write(tx, locked, at=at)
            tx.record(audit.changed(transfer, "void", before=before, accounts=locked.accounts, at=at))
            return transfer


@dataclass(frozen=True, slots=True)
class ExpireTransfers:
    """End what nobody captured or decided on in time, one transaction each.

    One whose account no longer holds what it should is left to the ledger's check, and does not keep the others waiting.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, limit: int = 500) -> int:
        """Return how many have ended; raises LedgerBroken, after all the others, for the first that could not."""
        actor, at = Actor.service("payments"), self.clock.now()
        async with self.uow.begin(actor) as tx:
            overdue = await tx.transfers.overdue(at, limit=limit)
        ended, broken = 0, []
        for transfer_id in overdue:
            try:
                ended += await self._expire(actor, transfer_id)
            except LedgerBroken as failure:
                broken.append(failure)
        if broken:
            raise broken[0]
        return ended

    async def _expire(self, actor: Actor, transfer_id: UUID) -> bool:
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer, at = locked.transfer, self.clock.now()
            if not transfer.is_overdue(at):
                # Captured or decided on at the last moment.
                return False
            before = audit.state(transfer)
            transfer.expire(locked.accounts, at=at)
            await write(tx, locked, at=at)
            tx.record(audit.changed(transfer, "expire", before=before, accounts=locked.accounts, at=at))
            return True
