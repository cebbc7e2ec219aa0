from dataclasses import dataclass, replace
from uuid import UUID

from identity.application.notices.get_notice_state import COUNTED_MAX
from identity.application.notices.views import NoticeState, NoticeViews
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.following import Followed


@dataclass(frozen=True, slots=True)
class SeenNotices:
    """The state of a person's notices. `version` is the microsecond in which this process first saw it; it never ends."""

    state: NoticeState
    version: int
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class FollowNotices:
    """Follow how many notices the caller has not read, and which is the newest."""

    views: NoticeViews
    clock: Clock

    async def __call__(self, *, actor: Actor) -> Followed[SeenNotices]:
        user_id = actor.user_id
        first = seen = SeenNotices(await self._look(user_id), self._now())

        async def read() -> SeenNotices:
            nonlocal seen
            state = await self._look(user_id)
            if state != seen.state:
                seen = replace(seen, state=state, version=max(self._now(), seen.version + 1))
            return seen

        def permit(follower: Actor, _seen: SeenNotices) -> None:
            if follower.user_id != user_id:
                raise NotFound

        return Followed(key=("notices", user_id), first=first, read=read, permit=permit)

    async def _look(self, user_id: UUID) -> NoticeState:
        return await self.views.state(user_id, counted_max=COUNTED_MAX)

    def _now(self) -> int:
        return round(self.clock.now().timestamp() * 1_000_000)
