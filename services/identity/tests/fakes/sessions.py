"""Fakes of what signing in and sessions need."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from identity.application.devices.views import DeviceView, OriginView
from identity.application.sessions.views import SessionView
from identity.domain.device import Device
from identity.domain.device_key import DeviceKey
from identity.domain.errors import BeyondAuthority, LastAdministrator, TooManyAttempts
from identity.domain.origin import Origin
from identity.domain.session import Session
from identity.infrastructure.user_agents import program_of
from kernel.assurance import Factors
from kernel.errors import Unavailable
from kernel.pages import Page, PageRequest
from services.identity.tests.fakes.pages import page_of

if TYPE_CHECKING:
    from services.identity.tests.fakes.unit_of_work import Store


class FakeDevices:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        return self._store.devices.get((user_id, device_id))

    def add(self, device: Device) -> None:
        self._store.devices[device.user_id, device.device_id] = device


class FakeSessions:
    def __init__(self, store: "Store", locked: set[UUID]) -> None:
        self._store = store
        self._locked = locked

    async def add(self, session: Session) -> None:
        assert self._live(session.user_id, session.device_id) is None
        self._store.sessions[session.id] = session

    async def lock(self, session_id: UUID) -> Session | None:
        return self._store.sessions.get(session_id)

    async def lock_with_key(self, session_id: UUID) -> tuple[Session, DeviceKey | None] | None:
        session = await self.lock(session_id)
        if session is None:
            return None
        keys = [key for key in self._store.device_keys.values() if key.user_id == session.user_id and key.is_live]
        return session, next((key for key in keys if key.device_id == session.device_id), None)

    async def seal_origin(self, user_id: UUID, session_id: UUID, origin: Origin) -> bytes | None:
        return f"{origin.address}\n{origin.user_agent}".encode()

    async def lock_all_live(self, user_id: UUID) -> Sequence[Session]:
        assert user_id in self._locked
        live = [session for session in self._store.sessions.values() if session.user_id == user_id and session.is_live]
        return sorted(live, key=lambda session: session.id)

    async def lock_overdue(self, *, at: datetime, idle_for: timedelta, limit: int) -> Sequence[Session]:
        live = sorted((one for one in self._store.sessions.values() if one.is_live), key=lambda one: (one.started_at, one.id))
        return [one for one in live if one.overdue(at=at, idle_for=idle_for)][:limit]

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        assert user_id in self._locked
        return self._live(user_id, device_id)

    def _live(self, user_id: UUID, device_id: UUID) -> Session | None:
        for session in self._store.sessions.values():
            if (session.user_id, session.device_id, session.is_live) == (user_id, device_id, True):
                return session
        return None


@dataclass
class FakeRoles:
    """`roles` are everybody's but theirs whom `held` names."""

    roles: tuple[str, ...] = ("user",)
    held: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    away: bool = False

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        if self.away:
            raise Unavailable(dependency="governance")
        return self.held.get(user_id, self.roles)


@dataclass
class FakeAuthority:
    """Governance's word: `beyond` may more than anybody who acts on them, `last` are the last who can manage roles.

    `asked` and `disabled` tell what was asked for (by whom, about whom); `meanwhile` runs before each answer.
    """

    beyond: set[UUID] = field(default_factory=set)
    last: set[UUID] = field(default_factory=set)
    away: bool = False
    asked: list[tuple[UUID, UUID]] = field(default_factory=list)
    disabled: list[tuple[UUID, UUID, int]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def require(self, *, actor_id: UUID, subject_id: UUID) -> None:
        if self.meanwhile:
            await self.meanwhile()
        if self.away:
            raise Unavailable(dependency="governance")
        if subject_id in self.beyond and subject_id != actor_id:
            raise BeyondAuthority(subject_id=subject_id)
        self.asked.append((actor_id, subject_id))

    async def disable(self, *, actor_id: UUID, subject_id: UUID, version: int) -> None:
        await self.require(actor_id=actor_id, subject_id=subject_id)
        if subject_id in self.last:
            raise LastAdministrator(subject_id=subject_id)
        self.disabled.append((actor_id, subject_id, version))


@dataclass
class FakeAccessTokens:
    life: timedelta = timedelta(minutes=15)

    def issue(self, session: Session, *, roles: Sequence[str], factors: Factors, at: datetime) -> str:
        return f"access:{session.id}:{','.join(roles)}"


@dataclass
class FakeRevocations:
    ended: dict[UUID, datetime] = field(default_factory=dict)
    factors: dict[UUID, Factors] = field(default_factory=dict)

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        self.ended.setdefault(session_id, ended_at)

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        await self.add(session_id, ended_at=ended_at)

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        self.factors[user_id] = factors

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        await self.change_factors(user_id, factors, changed_at=changed_at)


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

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        for device in (None, *devices):
            self.counted.pop((account, device), None)


class FakeSessionQueries:
    _store: Any

    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        sessions = [one for one in self._store.sessions.values() if one.user_id == user_id and live in (None, one.is_live)]
        sessions.sort(key=lambda one: (one.started_at, one.id), reverse=True)
        return page_of([_session_view(one) for one in sessions], page)

    async def session(self, session_id: UUID) -> SessionView | None:
        session = self._store.sessions.get(session_id)
        return _session_view(session) if session else None

    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        devices = [device for device in self._store.devices.values() if device.user_id == user_id]
        devices.sort(key=lambda device: (-device.last_seen_at.timestamp(), device.device_id))
        return page_of([self._device_view(device) for device in devices], page)

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None:
        device = self._store.devices.get((user_id, device_id))
        return self._device_view(device) if device else None

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        device = self._store.devices.get((user_id, device_id))
        return device.known_since if device and not device.is_revoked else None

    def _device_view(self, device: Device) -> DeviceView:
        key = (device.user_id, device.device_id)
        all_of_it = [one for one in self._store.sessions.values() if (one.user_id, one.device_id) == key]
        sessions = [one for one in all_of_it if one.is_live]
        refreshed = [one.rotated_at for one in sessions if one.rotated_at]
        last = max(all_of_it, key=lambda one: (one.started_at, one.id), default=None)
        return DeviceView(
            device.device_id,
            device.name,
            device.first_seen_at,
            max([device.last_seen_at, *refreshed]),
            device.known_since,
            device.revoked_at,
            sessions[0].id if sessions else None,
            _origin_view(last.seen_from or last.started_from) if last else None,
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
        session.authenticated_at,
        session.last_active_at,
        _origin_view(session.started_from),
        _origin_view(session.seen_from),
    )


def _origin_view(kept: bytes | None) -> OriginView | None:
    if kept is None:
        return None
    address, _, user_agent = kept.decode().partition("\n")
    return OriginView(address, program_of(user_agent))


@dataclass
class Surroundings:
    """What identity asks of others, faked."""

    roles: FakeRoles = field(default_factory=FakeRoles)
    authority: FakeAuthority = field(default_factory=FakeAuthority)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)
