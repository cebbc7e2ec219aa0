from dataclasses import dataclass

from governance.application.policies.views import PolicyVersionView, PolicyViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetPolicyVersion:
    """Get a version of a policy with its text. Raise NotFound."""

    views: PolicyViews

    async def __call__(self, *, name: str, number: int) -> PolicyVersionView:
        if version := await self.views.version(name, number):
            return version
        raise NotFound(policy=name, version=number)
