from dataclasses import dataclass
from uuid import UUID

from identity.application.attempts.counters import counter_of
from identity.application.devices.views import DeviceViews
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.digests import Digests
from identity.application.sessions.views import SessionViews
from kernel.pages import PER_PAGE_MAX, PageRequest


@dataclass(frozen=True, slots=True)
class UnlockAttempts:
    """Reset the counts of a user's password attempts: at sign-in, including known devices, and within sessions."""

    devices: DeviceViews
    sessions: SessionViews
    attempts: AttemptLimits
    digest: Digests

    async def __call__(self, *, user_id: UUID) -> None:
        """Raise Unavailable if the counters cannot be reached."""
        page = PageRequest(per_page=PER_PAGE_MAX)
        latest = await self.devices.devices_of(user_id, page)
        await self.attempts.unlock(counter_of(self.digest, user_id), devices=[str(device.device_id) for device in latest.items])
        live = await self.sessions.sessions_of(user_id, page, live=True)
        await self.attempts.unlock(f"password:{user_id}", devices=[str(session.id) for session in live.items])
