"""Fakes of what payments asks of its peers, and of the prices in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chassis.rpc import RemoteError
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError, Kind, Unavailable
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.authority import Roles
from payments.application.ports.screening import Verdict
from payments.application.ports.transfers import Terms
from payments.application.transfers.post_transfers import PostTransfers
from payments.domain.approval import ApprovalQuestion, ApprovalRules
from payments.domain.errors import InvalidSignature, NoLongerPermitted
from payments.domain.limits import Limits
from payments.domain.payer_policy import PayerPolicy
from payments.domain.price_book import PriceBook
from payments.domain.standing import Standing
from payments.domain.transfer_order import Signature, TransferOrder


class Meanwhile:
    """A unit of work in which something else happens, once, before its second transaction begins."""

    def __init__(self, uow: Any, happens: Callable[[], Awaitable[object]]) -> None:
        self._uow, self._happens, self._begun = uow, happens, 0

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[Any]:
        self._begun += 1
        if self._begun == 2:
            await self._happens()
        async with self._uow.begin(actor) as tx:
            yield tx


def unavailable(_question: ApprovalQuestion) -> bool:
    """Judge as rules do that are too old to tell."""
    raise Unavailable(dependency="governance")


def unable(kind: Kind) -> Callable[[ApprovalQuestion], bool]:
    """Make a judge that fails as a peer does that answers with an error of this kind."""

    def judge(_question: ApprovalQuestion) -> bool:
        raise RemoteError(peer="governance", kind=kind, code="SRV_001", message="Not now.", facts={})

    return judge


@dataclass
class FakePrices:
    """Charges nothing, limits nothing and asks nobody, unless told otherwise."""

    book: PriceBook = field(default_factory=PriceBook)
    limit_book: Limits = field(default_factory=Limits)
    rules: ApprovalRules = field(default_factory=ApprovalRules)

    def current(self) -> PriceBook:
        return self.book

    def limits(self) -> Limits:
        return self.limit_book

    def approvals(self) -> ApprovalRules:
        return self.rules


@dataclass
class FakeSignatures:
    """Takes a signature whose value is "good"."""

    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        assert by
        assert texts
        if signature.value != "good":
            raise InvalidSignature(field="signature", key_id=signature.key_id)
        # Of the texts that an order may be, the first is of a transfer or conversion.
        return texts[0]


@dataclass
class FakePermissions:
    """Allows nothing but what it was told."""

    allowed: set[str] = field(default_factory=set)

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        return permission in self.allowed


@dataclass
class FakeAuditLog:
    """Has the transfers that it was told of."""

    hashes: dict[UUID, str] = field(default_factory=dict)

    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        return self.hashes.get(transfer_id)


@dataclass
class FakeScreening:
    """Clears what neither a blocked user asks for nor is of a blocked wallet; `away` as when compliance does not answer."""

    blocked: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="compliance")
        return [self._verdict(order) for order in orders]

    def _verdict(self, order: TransferOrder) -> Verdict:
        clear = self.blocked.isdisjoint({order.initiator_id, order.source_id, order.target_id})
        return Verdict(clear, "" if clear else "on the list")


@dataclass
class FakeAuthority:
    """Has everybody active and a user, who may pay, unless told otherwise; `away` as when identity does not answer.

    `asked` has the users of each question.
    """

    standing: dict[UUID, Standing] = field(default_factory=dict)
    roles: dict[UUID, frozenset[str]] = field(default_factory=dict)
    may_pay: frozenset[str] = frozenset({"user", "admin"})
    away: bool = False
    asked: list[set[UUID]] = field(default_factory=list)

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        self.asked.append(set(user_ids))
        if self.away:
            raise Unavailable(dependency="identity")
        return {user_id: self.standing.get(user_id, Standing.ACTIVE) for user_id in user_ids}

    async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
        standings = await self.standings(payers)
        return {payer: standing.refusal or self._permitted(payer) for payer, standing in standings.items()}

    def _permitted(self, payer: UUID) -> Roles | DomainError:
        roles = self.roles.get(payer, frozenset({"user"}))
        return NoLongerPermitted(permission="payment:create") if self.may_pay.isdisjoint(roles) else roles


def judging(wallets: AccountLookup, post: PostTransfers) -> JudgeBulk:
    """Judge files by the rules of the use case that posts."""
    return JudgeBulk(wallets, post.approvals, post.policy, post.terms)


def posting(
    uow: Any, screening: FakeScreening, clock: Clock, prices: FakePrices | None = None, policy: PayerPolicy | None = None
) -> PostTransfers:
    """The use case that posts, priced and limited by a fake."""
    prices = prices or FakePrices()
    return PostTransfers(
        uow=uow,
        screening=screening,
        signatures=FakeSignatures(),
        prices=prices,
        limits=prices,
        approvals=prices,
        policy=policy or PayerPolicy(),
        terms=Terms(),
        clock=clock,
    )
