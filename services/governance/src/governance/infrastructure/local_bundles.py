"""Governance decides by its own bundles, straight from its database."""

from chassis.policies import Bundle
from governance.application.queries import GovernanceQueries


class LocalBundles:
    """A chassis BundleSource."""

    def __init__(self, queries: GovernanceQueries) -> None:
        self._queries = queries

    async def fetch(self, known_version: int) -> Bundle | None:
        text = await self._queries.current_bundle()
        if text is None or text.bundle.version == known_version:
            return None
        return Bundle(text.bundle.version, text.policies, text.schema)
