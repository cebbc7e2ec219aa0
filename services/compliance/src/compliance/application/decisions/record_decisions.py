from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from compliance.application.ports.transaction import UnitOfWork
from compliance.domain.decision import PolicyDecision
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue

# More than clocks of servers differ by. A decision of the future would be the newest for ever, and would never be purged.
AHEAD_MAX: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RecordDecisions:
    """Store the decisions of a service. One that is stored already stays as it is."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, decisions: Sequence[PolicyDecision]) -> int:
        """Return how many were new. Raise InvalidValue for a decision that is not from the past."""
        latest = self.clock.now() + AHEAD_MAX
        for decision in decisions:
            if decision.at > latest:
                raise InvalidValue(field="at", expected="a time in the past", given=decision.at, decision_id=decision.id)
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            return await tx.decisions.add(decisions)
