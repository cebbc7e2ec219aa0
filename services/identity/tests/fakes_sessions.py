"""Fakes of what signing in and sessions need."""

from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from identity.application.sessions.queries import DeviceView, SessionView
from identity.domain.device import Device
from identity.domain.errors import TooManyAttempts
from identity.domain.session import Session
from kernel.pages import Page, PageRequest

T = TypeVar("T")


@dataclass
class FakeAttempts:
    """Admits `limit` attempts an account, or a known device of one, until one succeeds; `limit_of_address` failures."""

    limit: int = 10
    limit_of_address: int = 100
    counted: dict[tuple[str, str | None], int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        if device is None and self.failures.get(ip, 0) >= self.limit_of_address:
            raise TooManyAttempts(retry_after_seconds=60)
        count = self.counted[account, device] = self.counted.get((account, device), 0) + 1
        if count > self.limit:
            raise TooManyAttempts(retry_after_seconds=60)

    async def fail(self, ip: str) -> None:
        self.failures[ip] = self.failures.get(ip, 0) + 1

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:
        self.counted.pop((account, device), None)

    async def unlock(self, account: str) -> None:
        self.counted.pop((account, None), None)


class FakeSessionQueries:
    _store: Any

    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        sessions = [one for one in self._store.sessions.values() if one.user_id == user_id and live in (None, one.is_live)]
        sessions.sort(key=lambda one: (one.started_at, one.id), reverse=True)
        return _page([_session_view(one) for one in sessions], page)

    async def session(self, session_id: UUID) -> SessionView | None:
        session = self._store.sessions.get(session_id)
        return _session_view(session) if session else None

    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        devices = [device for device in self._store.devices.values() if device.user_id == user_id]
        devices.sort(key=lambda device: (-device.last_seen_at.timestamp(), device.device_id))
        return _page([self._device_view(device) for device in devices], page)

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None:
        device = self._store.devices.get((user_id, device_id))
        return self._device_view(device) if device else None

    def _device_view(self, device: Device) -> DeviceView:
        key = (device.user_id, device.device_id)
        sessions = [one for one in self._store.sessions.values() if (one.user_id, one.device_id) == key and one.is_live]
        refreshed = [one.rotated_at for one in sessions if one.rotated_at]
        return DeviceView(
            device.device_id,
            device.name,
            device.first_seen_at,
            max([device.last_seen_at, *refreshed]),
            device.known_since,
            device.trusted_at,
            device.revoked_at,
            sessions[0].id if sessions else None,
        )


def _session_view(session: Session) -> SessionView:
    return SessionView(
        session.id,
        session.user_id,
        session.device_id,
        session.methods,
        session.started_at,
        session.rotated_at,
        session.expires_at,
        session.ended_at,
        session.end_reason,
    )


def _page(items: list[T], page: PageRequest) -> Page[T]:
    return Page(items[page.offset : page.offset + page.per_page], page.page, page.per_page, len(items))
