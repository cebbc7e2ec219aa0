from dataclasses import dataclass

from identity.application.notices import audit
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.notice_preferences import NoticePreferences
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SetNoticePreferences:
    """Replace the caller's preferences. They hold for notices from now on."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, preferences: NoticePreferences) -> NoticePreferences:
        """Raise NotFound for an erased person."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Lock the user first, so that an erasure waits or is committed.
            await tx.users.lock(actor.user_id)
            if await tx.notices.preferences(actor.user_id) != preferences:
                await tx.notices.set_preferences(actor.user_id, preferences, at=at)
                tx.record_bounded(audit.preferences_changed(actor.user_id, at=at), user_id=actor.user_id)
        return preferences
