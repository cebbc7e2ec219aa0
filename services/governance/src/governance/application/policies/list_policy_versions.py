from dataclasses import dataclass

from governance.application.policies.views import PolicyVersionView, PolicyViews
from kernel.errors import NotFound
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListPolicyVersions:
    """Page through the versions of a policy, newest first. Raise NotFound."""

    views: PolicyViews

    async def __call__(self, *, name: str, page: PageRequest) -> Page[PolicyVersionView]:
        if await self.views.policy(name) is None:
            raise NotFound(policy=name)
        return await self.views.versions(name, page)
