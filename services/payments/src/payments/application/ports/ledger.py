"""What moving money needs of the world."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.account import Account
from payments.domain.approval import ApprovalRule
from payments.domain.entry import Posting
from payments.domain.limits import Spending
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder, other_keys, signed_list


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


class Keys(Protocol):
    """One space of Idempotency-Keys for each caller: a key names one request, whatever it asks for."""

    async def claim(self, initiator_id: UUID, key: str, *, beside: Iterable[str], turns: Sequence[UUID] = ()) -> None:
        """Let the initiator's requests take turns; raises KeyReused when the key names a request that another table keeps.

        `beside` names the tables in which the caller looks the key up itself, `turns` other owners whose spending the same
        transaction changes: all are locked in one order, after the accounts.
        """


Earlier = Mapping[tuple[UUID, str], Transfer]


class Transfers(Protocol):
    async def find_by_keys(self, keys: Sequence[tuple[UUID, str]]) -> Earlier:
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

    async def sent(self, questions: "Sequence[SentQuestion]") -> "Sent":
        """Tell what payers sent within the windows of rules; under the lock, nothing can come meanwhile."""


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """What of a payer's earlier requests an approval rule with a window counts: everything from `since` on.

    `but_bulk` is the file that is judged, which is no part of what was sent before it.
    """

    payer_id: UUID
    rule: ApprovalRule
    since: datetime
    but_bulk: UUID | None = None


# By payer and the name of the rule.
Sent = Mapping[tuple[UUID, str], Decimal]


@dataclass(frozen=True, slots=True)
class Locked:
    """What a batch is posted against.

    `taken` has the keys that name another kind of request, a file or a schedule.
    """

    accounts: Mapping[UUID, Account]
    earlier: Earlier
    spendings: Spendings
    taken: frozenset[tuple[UUID, str]] = frozenset()
    sent: Sent = field(default_factory=dict)


class Ledger(Protocol):
    """What a batch needs, whole, at a price that hardly grows with it."""

    async def lock(
        self,
        account_ids: Iterable[UUID],
        keys: Iterable[tuple[UUID, str]],
        sources: Iterable[UUID],
        questions: Sequence[SentQuestion] = (),
    ) -> Locked:
        """Lock accounts and, after them, what the owners of `sources` have spent; then look up keys, and what was sent.

        Each in its order, as `Accounts` and `SpendingBook` do. Keys and sums are read under the locks: of two requests with
        one key, the second sees the first's transfer, and of two that share a rule's window it counts the first.
        """

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        """Write transfers with their postings, balances and what has been spent, with the commit."""


@dataclass(frozen=True, slots=True)
class Request:
    """One order, or several that are settled all or none.

    `bulk_id` gathers the events of what it settles in one message with the bulk's others. `is_judged`: as a part of a file
    that was judged whole, `judged_as` which kinds by the payees' wallets; `is_planned`: by a schedule, whose payer showed what
    was needed when it was planned.
    """

    orders: tuple[TransferOrder, ...]
    actor: Actor
    bulk_id: UUID | None = None
    is_judged: bool = False
    judged_as: Mapping[UUID, TransferKind] = field(default_factory=dict)
    is_planned: bool = False

    @property
    def is_linked(self) -> bool:
        """Whether nothing of it may wait for a decision: decided against, one leg would be missing from what is all or none."""
        return len(self.orders) > 1

    @property
    def keys(self) -> list[tuple[UUID, str]]:
        """By which earlier transfers are looked for: those of the orders, and those that they may have had."""
        initiator_id = self.orders[0].initiator_id
        return [(order.initiator_id, order.key) for order in self.orders] + [
            (initiator_id, key) for key in other_keys(self.orders)
        ]

    @property
    def signature(self) -> Signature | None:
        """The payer's; linked orders have one for all of them."""
        return self.orders[0].signature

    @property
    def signed_texts(self) -> Sequence[bytes]:
        """What the signature may be over."""
        if self.is_linked:
            return (signed_list(self.orders),)
        [order] = self.orders
        return [order.of_kind(kind).signed_text for kind in order.kinds]


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
