"""Which transfers wait for a second person. Governance says so; small amounts are settled without asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalQuestion:
    """Everything that a rule may look at. `counterparties` are the ids of the target wallet and of its owner."""

    kind: str
    amount: Money
    initiator_id: UUID
    roles: frozenset[str] = frozenset()
    counterparties: tuple[UUID, ...] = ()


def _never(_question: ApprovalQuestion) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """`floors` has the least amount that any rule of a currency looks at, below which none can match and none is asked.

    `watched` has the same for rules about one counterparty, which must not make every other transfer slow.

    `judge` tells by the rules themselves whether a transfer needs approval.
    """

    floors: Mapping[str, Decimal] = field(default_factory=dict)
    watched: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    judge: Callable[[ApprovalQuestion], bool] = _never

    def needed(
        self,
        *,
        kind: str,
        amount: Money,
        initiator_id: UUID,
        roles: frozenset[str] = frozenset(),
        counterparties: tuple[UUID, ...] = (),
    ) -> bool:
        """Tell whether the transfer waits for approval; raises Unavailable when the rules are too old to tell."""
        if not self._may_match(amount, counterparties):
            return False
        return self.judge(
            ApprovalQuestion(kind=kind, amount=amount, initiator_id=initiator_id, roles=roles, counterparties=counterparties)
        )

    def _may_match(self, amount: Money, counterparties: tuple[UUID, ...]) -> bool:
        currency = amount.currency.code
        floor = self.floors.get(currency)
        if floor is not None and amount.amount >= floor:
            return True
        if not self.watched:
            return False
        floors = (self.watched.get((currency, counterparty)) for counterparty in counterparties)
        return any(floor is not None and amount.amount >= floor for floor in floors)
