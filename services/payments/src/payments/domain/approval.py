"""Which requests wait for a second person. Governance says so; small amounts are settled without asking."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from kernel.money import Money
from payments.domain.transfer_order import TransferKind

# Who decides: everybody who holds this permission, and neither ordered, pays nor receives the money.
APPROVED_BY = "payment:approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outflow:
    """What one order takes from its payer, and who gets it."""

    kind: TransferKind
    amount: Money
    target_id: UUID
    owner_id: UUID | None = None

    @property
    def counterparties(self) -> tuple[UUID, ...]:
        """The wallet and its owner: a rule may name either."""
        return (self.target_id, self.owner_id) if self.owner_id else (self.target_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """What a rule adds up, in one currency: of these kinds (of all, where none is named), to this wallet or owner.

    Without a `window` it adds up one request; with one, what its payer sent within that time besides. Whether the rule
    matches, and for whom, the policies decide: `threshold` only says below which sum they need not be asked.
    """

    name: str
    currency: str
    threshold: Decimal
    kinds: frozenset[str] = frozenset()
    counterparty: UUID | None = None
    window: timedelta | None = None

    def counts(self, outflow: Outflow) -> bool:
        if outflow.amount.currency.code != self.currency or (self.kinds and outflow.kind not in self.kinds):
            return False
        return self.counterparty is None or self.counterparty in outflow.counterparties

    def total(self, outflows: Iterable[Outflow]) -> Decimal:
        return sum((outflow.amount.amount for outflow in outflows if self.counts(outflow)), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalQuestion:
    """What a rule is asked about: a sum, and what it is of. `counterparties` are ids of target wallets and their owners."""

    rule: str
    kind: str
    amount: Decimal
    currency: str
    initiator_id: UUID
    roles: frozenset[str] = frozenset()
    counterparties: tuple[UUID, ...] = ()


def _never(_question: ApprovalQuestion) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """All rules by currency; `judge` asks the policies whether a rule matches. It raises Unavailable when they are too old."""

    rules: Mapping[str, Sequence[ApprovalRule]] = field(default_factory=dict)
    judge: Callable[[ApprovalQuestion], bool] = _never

    @classmethod
    def of(cls, rules: Iterable[ApprovalRule], judge: Callable[[ApprovalQuestion], bool]) -> "ApprovalRules":
        by_currency: dict[str, list[ApprovalRule]] = {}
        for rule in rules:
            by_currency.setdefault(rule.currency, []).append(rule)
        return cls(by_currency, judge)

    def windowed(self, currency: str) -> Iterator[ApprovalRule]:
        """Return the rules that look at what was sent before."""
        return (rule for rule in self.rules.get(currency, ()) if rule.window is not None)

    def matching(
        self,
        outflows: Sequence[Outflow],
        *,
        initiator_id: UUID,
        roles: frozenset[str],
        sent: Callable[[ApprovalRule], Decimal],
    ) -> tuple[str, ...]:
        """Return the names of the rules by which a request needs approval; `sent` tells what counts from before it."""
        if not self.rules:
            return ()
        currencies = dict.fromkeys(outflow.amount.currency.code for outflow in outflows)
        return tuple(
            rule.name
            for currency in currencies
            for rule in self.rules.get(currency, ())
            if self._matches(rule, outflows, initiator_id, roles, sent)
        )

    def _matches(
        self,
        rule: ApprovalRule,
        outflows: Sequence[Outflow],
        initiator_id: UUID,
        roles: frozenset[str],
        sent: Callable[[ApprovalRule], Decimal],
    ) -> bool:
        counted = [outflow for outflow in outflows if rule.counts(outflow)]
        if not counted:
            return False
        total = rule.total(counted) + (sent(rule) if rule.window is not None else 0)
        if total < rule.threshold:
            return False
        counterparties = tuple(dict.fromkeys(party for outflow in counted for party in outflow.counterparties))
        # Most requests are of one kind; a rule that names none may have been compiled by an older release, which did name some.
        return any(
            self.judge(
                ApprovalQuestion(
                    rule=rule.name,
                    kind=kind,
                    amount=total,
                    currency=rule.currency,
                    initiator_id=initiator_id,
                    roles=roles,
                    counterparties=counterparties,
                )
            )
            for kind in dict.fromkeys(outflow.kind.value for outflow in counted)
        )
