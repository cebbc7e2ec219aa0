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
    """`floors` has the least amount that any rule of a currency looks at: below it none can match, and none is asked.

    `judge` tells by the rules themselves whether a transfer needs approval.
    """

    floors: Mapping[str, Decimal] = field(default_factory=dict)
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
        floor = self.floors.get(amount.currency.code)
        if floor is None or amount.amount < floor:
            return False
        return self.judge(
            ApprovalQuestion(kind=kind, amount=amount, initiator_id=initiator_id, roles=roles, counterparties=counterparties)
        )
