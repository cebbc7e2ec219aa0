"""Ports to the store of transfers and to the cashier, which posts them."""

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


class TransferRepository(Protocol):
    async def find_by_keys(self, keys: Sequence[tuple[UUID, str]]) -> Earlier:
        """Find earlier transfers by initiator and Idempotency-Key."""

    async def find(self, transfer_id: UUID) -> Transfer | None:
        """Find a transfer without locking it. Its accounts never change."""

    async def lock(self, transfer_id: UUID) -> Transfer:
        """Lock an existing transfer, after its accounts, and read its current state."""

    async def postings_of(self, transfer_id: UUID) -> Sequence[Posting]:
        """Return a transfer's postings in the order in which they were written."""

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        """Return transfers on hold whose time has passed, the longest overdue first."""

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Write new transfers and their postings."""

    async def save(self, transfer: Transfer) -> None:
        """Write the state of a locked transfer and its new postings."""


@dataclass(frozen=True, slots=True)
class Request:
    """One order, or several that are settled together or not at all.

    `bulk_id` puts its settled transfers into one message with the bulk's others. `is_judged`: it is a part of a file that was
    judged as a whole, with the kinds `judged_as` by the payees' wallets. `is_planned`: it comes from a schedule, whose payer
    met the requirements when planning it, but must still have the permission.
    """

    orders: tuple[TransferOrder, ...]
    actor: Actor
    bulk_id: UUID | None = None
    is_judged: bool = False
    judged_as: Mapping[UUID, TransferKind] = field(default_factory=dict)
    is_planned: bool = False

    @property
    def is_linked(self) -> bool:
        """Whether no leg may wait for a decision: if one were rejected, the others would be settled without it."""
        return len(self.orders) > 1

    @property
    def keys(self) -> list[tuple[UUID, str]]:
        """The keys by which to find earlier transfers: those of the orders, and others that the orders may have had."""
        initiator_id = self.orders[0].initiator_id
        return [(order.initiator_id, order.key) for order in self.orders] + [
            (initiator_id, key) for key in other_keys(self.orders)
        ]

    @property
    def signature(self) -> Signature | None:
        """The payer's signature. Linked orders share one."""
        return self.orders[0].signature

    @property
    def signed_texts(self) -> Sequence[bytes]:
        """The texts that the signature may be over."""
        if self.is_linked:
            return (signed_list(self.orders),)
        [order] = self.orders
        return [order.of_kind(kind).signed_text for kind in order.kinds]


@dataclass(frozen=True, slots=True)
class Settled:
    """A transfer in its current state. `replayed`: an earlier request with the same key made it."""

    transfer: Transfer
    replayed: bool


class Cashier(Protocol):
    async def settle(self, order: TransferOrder, actor: Actor) -> Settled:
        """Settle one order, in one commit with other waiting requests. Each has its own outcome."""

    async def settle_linked(self, orders: Sequence[TransferOrder], actor: Actor) -> Sequence[Settled]:
        """Settle several orders, together or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long money stays on hold, and how long a transfer waits for a decision."""

    hold_life: timedelta = field(default=timedelta(days=7))
    approval_life: timedelta = field(default=timedelta(hours=72))
