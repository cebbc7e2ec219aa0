"""What moving money needs of the world."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.account import Account
from payments.domain.entry import Posting
from payments.domain.limits import Spending
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferOrder, key_beyond


class Accounts(Protocol):
    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        """Lock the accounts until the transaction ends, in id order whatever the order asked; absent ones are left out."""

    async def add(self, account: Account) -> None: ...

    async def count_of(self, owner_id: UUID) -> int:
        """Count an owner's wallets that are not closed; until the transaction ends nobody else counts them."""

    async def expecting(self, account_id: UUID) -> int:
        """Count the holds that wait to be paid into a locked account."""

    async def save(self, accounts: Sequence[Account]) -> None:
        """Write the balances, holds and versions of locked accounts."""

    async def save_state(self, account: Account) -> None:
        """Write what else changes of a locked account: status, ceiling, name, usage."""


Keys = Mapping[tuple[UUID, str], Transfer]


class Transfers(Protocol):
    async def find_by_keys(self, keys: Sequence[tuple[UUID, str]]) -> Keys:
        """Find earlier transfers by initiator and Idempotency-Key."""

    async def find(self, transfer_id: UUID) -> Transfer | None:
        """Find a transfer without locking it: which accounts it is of never changes."""

    async def lock(self, transfer_id: UUID) -> Transfer:
        """Lock a transfer that is there, after its accounts, and read how it stands now."""

    async def postings_of(self, transfer_id: UUID) -> Sequence[Posting]:
        """Return a transfer's legs in the order in which they were posted."""

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        """Return transfers on hold whose time has run out, the longest first."""

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Write transfers and the postings that they bring."""

    async def save(self, transfer: Transfer) -> None:
        """Write how a locked transfer stands now, and the postings that it brings."""


@dataclass(frozen=True, slots=True)
class Tiered:
    """What an owner has spent, and the tier that says how much more may be."""

    tier: str
    spending: Spending


Spendings = Mapping[tuple[UUID, str], Tiered]


class SpendingBook(Protocol):
    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Spendings:
        """Lock what owners have spent in currencies, after the accounts, in order of owner and currency."""

    async def begin(self, owner_id: UUID, currency: str, at: datetime) -> None:
        """Begin to count for an owner in a currency; one that is counted already goes on."""

    async def save(self, spendings: Sequence[Spending]) -> None: ...


@dataclass(frozen=True, slots=True)
class Locked:
    """What a batch is posted against."""

    accounts: Mapping[UUID, Account]
    earlier: Keys
    spendings: Spendings


class Ledger(Protocol):
    """What a batch needs, whole, at a price that hardly grows with it."""

    async def lock(self, account_ids: Iterable[UUID], keys: Iterable[tuple[UUID, str]], sources: Iterable[UUID]) -> Locked:
        """Lock accounts and, after them, what the owners of `sources` have spent; find the earlier transfers of keys.

        Each in its order, as `Accounts` and `SpendingBook` do. Keys are looked up under the locks: of two requests with one
        key, the second sees the first's transfer.
        """

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        """Write transfers with their postings, balances and what has been spent, with the commit."""


@dataclass(frozen=True, slots=True)
class Request:
    """One order, or several that are settled all or none.

    `bulk_id` gathers the events of what it settles in one message with the bulk's others; `at_once` refuses what would
    have to wait for an approval.
    """

    orders: tuple[TransferOrder, ...]
    actor: Actor
    bulk_id: UUID | None = None
    at_once: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it may wait for a decision: decided against, one leg would be missing from what is all or none."""
        return self.at_once or len(self.orders) > 1

    @property
    def keys(self) -> list[tuple[UUID, str]]:
        """By which earlier transfers are looked for, one more than there are linked orders: they may have been more."""
        keys = [(order.initiator_id, order.key) for order in self.orders]
        beyond = key_beyond(self.orders)
        return [*keys, (self.orders[0].initiator_id, beyond)] if beyond else keys


@dataclass(frozen=True, slots=True)
class Settled:
    """A transfer as it stands; `replayed` when an earlier request with the same key made it."""

    transfer: Transfer
    replayed: bool


class Cashier(Protocol):
    async def settle(self, order: TransferOrder, actor: Actor) -> Settled:
        """Hand in one order; it is settled together with whatever else is waiting, each with its own outcome."""

    async def settle_linked(self, orders: Sequence[TransferOrder], actor: Actor) -> Sequence[Settled]:
        """Hand in orders of which all are settled, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long money stays on hold, and how long somebody has to decide."""

    hold_life: timedelta = field(default=timedelta(days=7))
    approval_life: timedelta = field(default=timedelta(hours=72))
