from dataclasses import dataclass

from governance.application.policies.views import PolicyView, PolicyViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetPolicy:
    """Get a policy. Raise NotFound."""

    views: PolicyViews

    async def __call__(self, *, name: str) -> PolicyView:
        if policy := await self.views.policy(name):
            return policy
        raise NotFound(policy=name)
