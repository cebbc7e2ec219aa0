"""Governance reads its own policy bundles directly from its database."""

from chassis.policies import Bundle
from governance.application.policies.views import PolicyViews


class LocalBundles:
    """A chassis BundleSource."""

    def __init__(self, views: PolicyViews) -> None:
        self._views = views

    async def fetch(self, known_version: int) -> Bundle | None:
        text = await self._views.current_bundle()
        if text is None or text.bundle.version == known_version:
            return None
        return Bundle(text.bundle.version, text.policies, text.schema)
