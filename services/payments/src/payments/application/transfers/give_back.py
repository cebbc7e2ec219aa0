"""Giving back: a part by its receiver, the whole entry by staff."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.transfers import Settled
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers import audit
from payments.application.transfers.locked_transfer import LockedTransfer, lock_transfer, write
from payments.domain.errors import OwnDecision
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class RefundTransfer:
    """Give back a part of what was received, or all of it. Its receiver may."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, transfer_id: UUID, amount: Money | None, reason: str) -> Settled:
        """Raise NotFound for strangers, RefundTooLarge, NotRefundable, NotPending, or what the accounts refuse."""
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            if not locked.is_target(actor.user_id):
                raise NotFound(transfer_id=transfer_id)
            order = _order(locked, TransferKind.REFUND, actor, key, amount or locked.transfer.moved, reason)
            return await _once(tx, actor, locked, order, self.clock)


@dataclass(frozen=True, slots=True)
class ReverseTransfer:
    """Undo a whole entry, fees and all. The caller holds `payment:reconcile`, by two factors and minutes ago."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, transfer_id: UUID, reason: str) -> Settled:
        """Raise NotFound, OwnDecision for those who paid or received it, NotPending, or what the accounts refuse.

        Raises NotRefundable for what was given back in part.
        """
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id, with_postings=True)
            if locked.is_party(actor.user_id):
                # Who keeps the ledger keeps to the rule for money of their own.
                raise OwnDecision(transfer_id=transfer_id)
            order = _order(locked, TransferKind.REVERSAL, actor, key, locked.transfer.moved, reason)
            return await _once(tx, actor, locked, order, self.clock)


def _order(locked: LockedTransfer, kind: TransferKind, actor: Actor, key: str, amount: Money, reason: str) -> TransferOrder:
    original = locked.transfer.order
    return TransferOrder(
        kind=kind,
        key=key,
        initiator_id=actor.user_id,
        source_id=original.target_id,
        target_id=original.source_id,
        amount=amount,
        description=reason,
        reference=original.reference,
        parent_id=locked.transfer.id,
    )


async def _once(tx: Transaction, actor: Actor, locked: LockedTransfer, order: TransferOrder, clock: Clock) -> Settled:
    payer_id = locked.accounts[locked.transfer.order.source_id].owner_id
    turns = [payer_id] if payer_id else []
    await tx.keys.claim(order.initiator_id, require_callers_key(order.key), beside=["transfers"], turns=turns)
    found = await tx.transfers.find_by_keys([(order.initiator_id, order.key)])
    if earlier := found.get((order.initiator_id, order.key)):
        return Settled(earlier.confirm_replay(order), replayed=True)
    actor.require_admitted()
    original, at = locked.transfer, clock.now()
    # What moves is the new one's: the original's own postings do not tell what was there before.
    before = audit.standing(original, locked.accounts)
    made = _make(original, order, locked, at=at)
    await write(tx, locked, made, at=at)
    tx.record(audit.changed(original, order.kind, before=before, accounts=locked.accounts, at=at), actor=actor)
    tx.record(audit.made(made, locked.accounts), actor=actor)
    return Settled(made, replayed=False)


def _make(original: Transfer, order: TransferOrder, locked: LockedTransfer, *, at: datetime) -> Transfer:
    if order.kind is TransferKind.REFUND:
        return original.refund(order, locked.accounts, at)
    return original.reverse(order, locked.accounts, locked.postings, at)
