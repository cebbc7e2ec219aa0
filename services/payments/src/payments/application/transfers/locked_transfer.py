"""A transfer and its accounts, locked for update."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.unit_of_work import Transaction
from payments.application.transfers import audit
from payments.domain.account import Account
from payments.domain.entry import Accounts, Posting, accounts_of, moves_of
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class LockedTransfer:
    transfer: Transfer
    accounts: Accounts
    spent: Money
    postings: tuple[Posting, ...] = ()

    def is_party(self, actor: Actor) -> bool:
        """Return whether the actor, or the organization that the actor acts for, sends or receives it."""
        order = self.transfer.order
        return actor.acts_for in {self.accounts[order.source_id].owner_id, self.accounts[order.target_id].owner_id}

    def is_target(self, actor: Actor) -> bool:
        return self.accounts[self.transfer.order.target_id].owner_id == actor.acts_for

    def concerns(self, actor: Actor) -> bool:
        """Return whether the actor has an interest in it: also a person whose session acts for an organization now."""
        order = self.transfer.order
        owners = {self.accounts[order.source_id].owner_id, self.accounts[order.target_id].owner_id}
        return not owners.isdisjoint(actor.parties)


async def lock_transfer(tx: Transaction, transfer_id: UUID, *, with_postings: bool = False) -> LockedTransfer:
    """Lock the accounts in id order, then the transfer. Raise NotFound."""
    found = await tx.transfers.find(transfer_id)
    if found is None:
        raise NotFound(transfer_id=transfer_id)
    order = found.order
    ids = accounts_of(moves_of(order.source_id, order.target_id, found.quote)) | {order.source_id, order.target_id}
    accounts = await tx.accounts.lock(list(ids))
    # Read again under the lock: it may have been captured or decided meanwhile.
    transfer = await tx.transfers.lock(transfer_id)
    postings = tuple(await tx.transfers.postings_of(transfer_id)) if with_postings else ()
    return LockedTransfer(transfer, accounts, transfer.spent, postings)


@asynccontextmanager
async def changing(
    tx: Transaction, locked: LockedTransfer, verb: str, *, at: datetime, reason: str | None = None
) -> AsyncIterator[None]:
    """Write the changes that the block makes to a locked transfer and its accounts, with the audit fact and the events."""
    with tx.change(audit.transfer_on(locked.accounts), locked.transfer, verb, at=at, reason=reason):
        yield
        await write(tx, locked, at=at)


async def write(tx: Transaction, locked: LockedTransfer, *made: Transfer, at: datetime) -> None:
    """Write the state of a locked transfer, the transfers that it made, and the changed accounts."""
    if made:
        await tx.transfers.add(made)
    await tx.transfers.save(locked.transfer)
    await tx.accounts.save(list(_touched(locked, made)))
    await _return_to_limits(tx, locked, at)


async def _return_to_limits(tx: Transaction, locked: LockedTransfer, at: datetime) -> None:
    """Return money that did not move to the payer's limits."""
    transfer = locked.transfer
    unspent = locked.spent - transfer.spent
    owner_id = locked.accounts[transfer.order.source_id].owner_id
    if not unspent.is_positive or owner_id is None:
        return
    for tiered in (await tx.spending.lock([(owner_id, unspent.currency.code)])).values():
        await tx.spending.save([tiered.spending.less(unspent, spent_at=transfer.created_at, at=at)])


def _touched(locked: LockedTransfer, made: Iterable[Transfer]) -> Iterable[Account]:
    order = locked.transfer.order
    ids = {order.source_id, order.target_id}
    for transfer in (locked.transfer, *made):
        ids |= {posting.account_id for posting in transfer.postings}
    return (account for account in locked.accounts.values() if account.id in ids)
