"""Which requests require another person's approval. Governance defines the rules; small amounts need no policy evaluation."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from kernel.money import Money
from payments.domain.payment_permission import Source
from payments.domain.transfer_order import TransferKind

# Users with this permission decide, except those who ordered the transfer, pay or receive it.
APPROVED_BY = "payment:approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outflow:
    """The amount that one order takes from its payer, and its receiver. `source` is None if the order is refused for it."""

    kind: TransferKind
    amount: Money
    source: Source | None
    target_id: UUID
    owner_id: UUID | None = None

    @property
    def counterparties(self) -> tuple[UUID, ...]:
        """The wallet and its owner: a rule may name either of them."""
        return (self.target_id, self.owner_id) if self.owner_id else (self.target_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """The orders that a rule sums in one currency: of these kinds (all kinds if none is named), to this wallet or owner.

    Without a `window` it sums one request; with one, also what the payer sent within that time. The policies decide whether
    the rule matches, and for whom. Sums below `threshold` never match, so the policies are not evaluated for them.
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
    """The input of a rule: a sum and its orders' properties. `counterparties` are ids of target wallets and their owners."""

    rule: str
    kind: str
    amount: Decimal
    currency: str
    initiator_id: UUID
    roles: frozenset[str] = frozenset()
    organization_id: UUID | None = None
    counterparties: tuple[UUID, ...] = ()


def _never(_question: ApprovalQuestion) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """All rules by currency. `judge` evaluates the policies for a rule; it raises Unavailable if they are too old."""

    rules: Mapping[str, Sequence[ApprovalRule]] = field(default_factory=dict)
    judge: Callable[[ApprovalQuestion], bool] = _never

    @classmethod
    def of(cls, rules: Iterable[ApprovalRule], judge: Callable[[ApprovalQuestion], bool]) -> "ApprovalRules":
        by_currency: dict[str, list[ApprovalRule]] = {}
        for rule in rules:
            by_currency.setdefault(rule.currency, []).append(rule)
        return cls(by_currency, judge)

    def windowed(self, currency: str) -> Iterator[ApprovalRule]:
        """Return the rules that also count earlier requests."""
        return (rule for rule in self.rules.get(currency, ()) if rule.window is not None)

    def matching(
        self,
        outflows: Sequence[Outflow],
        *,
        initiator_id: UUID,
        roles: frozenset[str],
        organization_id: UUID | None = None,
        sent: Callable[[ApprovalRule], Decimal],
    ) -> tuple[str, ...]:
        """Return the names of the rules by which a request requires approval. `sent` returns the sum of earlier requests.

        `organization_id` is the organization that pays: a rule about a role concerns those who have it there.
        """
        if not self.rules:
            return ()
        currencies = dict.fromkeys(outflow.amount.currency.code for outflow in outflows)
        return tuple(
            rule.name
            for currency in currencies
            for rule in self.rules.get(currency, ())
            if self._matches(rule, outflows, initiator_id, roles, organization_id, sent)
        )

    def _matches(
        self,
        rule: ApprovalRule,
        outflows: Sequence[Outflow],
        initiator_id: UUID,
        roles: frozenset[str],
        organization_id: UUID | None,
        sent: Callable[[ApprovalRule], Decimal],
    ) -> bool:
        counted = [outflow for outflow in outflows if rule.counts(outflow)]
        if not counted:
            return False
        total = rule.total(counted) + (sent(rule) if rule.window is not None else 0)
        if total < rule.threshold:
            return False
        counterparties = tuple(dict.fromkeys(party for outflow in counted for party in outflow.counterparties))
        # Most requests are of one kind. An older release may have compiled a rule without its kinds, although it has some.
        return any(
            self.judge(
                ApprovalQuestion(
                    rule=rule.name,
                    kind=kind,
                    amount=total,
                    currency=rule.currency,
                    initiator_id=initiator_id,
                    roles=roles,
                    organization_id=organization_id,
                    counterparties=counterparties,
                )
            )
            for kind in dict.fromkeys(outflow.kind.value for outflow in counted)
        )
