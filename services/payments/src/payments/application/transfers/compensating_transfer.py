"""A transfer that compensates another one: a refund or a reversal."""

from collections.abc import Callable
from datetime import datetime

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.money import Money
from payments.application.ports.transfers import Settled
from payments.application.ports.unit_of_work import Transaction
from payments.application.transfers import audit
from payments.application.transfers.locked_transfer import LockedTransfer, write
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder, require_callers_key

# Makes the compensating transfer from an order, at this time.
Make = Callable[[TransferOrder, datetime], Transfer]


async def compensate(
    tx: Transaction,
    locked: LockedTransfer,
    kind: TransferKind,
    make: Make,
    *,
    actor: Actor,
    key: str,
    amount: Money,
    reason: str,
    clock: Clock,
) -> Settled:
    """Make the compensating transfer. Repeating the key returns the first one."""
    order = _order(locked, kind, actor=actor, key=key, amount=amount, reason=reason)
    payer_id = locked.accounts[locked.transfer.order.source_id].owner_id
    turns = [payer_id] if payer_id else []
    await tx.keys.claim(order.initiator_id, require_callers_key(order.key), beside=["transfers"], turns=turns)
    found = await tx.transfers.find_by_keys([(order.initiator_id, order.key)])
    if earlier := found.get((order.initiator_id, order.key)):
        return Settled(earlier.confirm_replay(order), replayed=True)
    actor.require_admitted()
    at = clock.now()
    made = await _post(tx, locked, order, make, at=at)
    return Settled(made, replayed=False)


async def _post(tx: Transaction, locked: LockedTransfer, order: TransferOrder, make: Make, *, at: datetime) -> Transfer:
    original = locked.transfer
    reason = order.description if order.kind is TransferKind.REVERSAL else original.reason
    with tx.change(audit.transfer_on(locked.accounts), original, order.kind, at=at, reason=reason):
        made = make(order, at)
        await write(tx, locked, made, at=at)
    tx.record(audit.made(made, locked.accounts))
    return made


def _order(locked: LockedTransfer, kind: TransferKind, *, actor: Actor, key: str, amount: Money, reason: str) -> TransferOrder:
    original = locked.transfer.order
    return TransferOrder(
        kind=kind,
        key=key,
        initiator_id=actor.user_id,
        organization_id=actor.organization_id,
        source_id=original.target_id,
        target_id=original.source_id,
        amount=amount,
        description=reason,
        reference=original.reference,
        parent_id=locked.transfer.id,
    )
