from collections.abc import Sequence
from dataclasses import dataclass

from payments.application.ledger.views import LedgerViews, TrialBalance


@dataclass(frozen=True, slots=True)
class GetTrialBalance:
    """Get the trial balances of all currencies at one moment."""

    views: LedgerViews

    async def __call__(self) -> Sequence[TrialBalance]:
        return await self.views.trial_balance()
