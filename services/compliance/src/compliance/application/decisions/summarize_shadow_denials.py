from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from compliance.application.decisions.views import DecisionViews, ShadowDenials


@dataclass(frozen=True, slots=True)
class SummarizeShadowDenials:
    """Count what a shadow policy would have denied."""

    views: DecisionViews

    async def __call__(self, *, policy: str, since: datetime) -> Sequence[ShadowDenials]:
        """Return the total first, then by permission. Nothing if the policy would have denied nothing."""
        return await self.views.shadow_denials(policy, since=since)
