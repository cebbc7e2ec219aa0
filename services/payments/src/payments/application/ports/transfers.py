"""What posting transfers needs, and who posts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from kernel.actor import Actor
from payments.domain.entry import Posting
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder, other_keys, signed_list

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
