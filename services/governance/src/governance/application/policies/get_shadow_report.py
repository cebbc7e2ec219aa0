from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.application.policies.views import PolicyView, PolicyViews
from governance.application.ports.recorded_decisions import RecordedDecisions, ShadowDenials
from governance.domain.policy import PolicyMode
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a policy would have denied since it is in shadow mode, by permission; nothing and None in another mode."""

    policy: PolicyView
    since: datetime | None
    denials: Sequence[ShadowDenials]


@dataclass(frozen=True, slots=True)
class GetShadowReport:
    """Report what a policy in shadow mode would have denied, from the recorded decisions."""

    views: PolicyViews
    recorded: RecordedDecisions

    async def __call__(self, *, name: str) -> ShadowReport:
        """Raise NotFound, or Unavailable if the decision log does not answer."""
        policy = await self.views.policy(name)
        if policy is None:
            raise NotFound(policy=name)
        if policy.mode is not PolicyMode.SHADOW or policy.mode_since is None:
            return ShadowReport(policy, None, ())
        denials = await self.recorded.shadow_denials(f"policy:{name}", since=policy.mode_since)
        return ShadowReport(policy, policy.mode_since, denials)
