from dataclasses import dataclass

from governance.application.policies.views import PolicyText, PolicyViews
from kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class GetCurrentPolicies:
    """Get the bundle in force. Raise Unavailable before the first bundle is published."""

    views: PolicyViews

    async def __call__(self) -> PolicyText:
        if bundle := await self.views.current_bundle():
            return bundle
        raise Unavailable(reason="no policy bundle has been published yet")
