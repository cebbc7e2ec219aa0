from dataclasses import dataclass

from identity.application.users.views import StandingView, UserViews
from kernel.feeds import FeedPage


@dataclass(frozen=True, slots=True)
class ListStandings:
    """Return a page of the standings of all users, erased ones too, for another service's copy."""

    views: UserViews

    async def __call__(self, *, cursor: str, limit: int) -> FeedPage[StandingView]:
        return await self.views.standings(cursor, limit=limit)
