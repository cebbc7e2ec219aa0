"""Devices and sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.device import Device
from identity.domain.device_key import DeviceKey
from identity.domain.origin import Origin
from identity.domain.session import Session
from identity.infrastructure.tables import device_keys, sessions, subject_keys
from identity.infrastructure.vault import Vault


class SqlDevices:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        return await self._session.get(Device, (user_id, device_id))

    def add(self, device: Device) -> None:
        self._session.add(device)


class SqlSessions:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault
        # Of users whose session was locked with it, so that a refresh asks for it no second time.
        self._wrapped_keys: dict[UUID, bytes | None] = {}

    async def add(self, session: Session) -> None:
        # What the session replaces must be ended first: SQLAlchemy inserts before it updates, and one device has one.
        await self._session.flush()
        self._session.add(session)

    async def lock(self, session_id: UUID) -> Session | None:
        query = select(Session).where(sessions.c.id == session_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def lock_with_key(self, session_id: UUID) -> tuple[Session, DeviceKey | None] | None:
        of_its_device = and_(
            device_keys.c.user_id == sessions.c.user_id,
            device_keys.c.device_id == sessions.c.device_id,
            device_keys.c.revoked_at.is_(None),
        )
        query = (
            select(Session, DeviceKey, subject_keys.c.wrapped)
            .outerjoin(DeviceKey, of_its_device)
            .outerjoin(subject_keys, subject_keys.c.subject_id == sessions.c.user_id)
            .where(sessions.c.id == session_id)
            .with_for_update(of=sessions)
        )
        found = (await self._session.execute(query)).one_or_none()
        if found is None:
            return None
        session, key, wrapped = found
        self._wrapped_keys[session.user_id] = wrapped
        return session, key

    async def seal_origin(self, user_id: UUID, session_id: UUID, origin: Origin) -> bytes | None:
        if user_id not in self._wrapped_keys:
            query = select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id)
            self._wrapped_keys[user_id] = await self._session.scalar(query)
        wrapped = self._wrapped_keys[user_id]
        return self._vault.seal_origin(user_id, wrapped, session_id, origin) if wrapped else None

    async def lock_all_live(self, user_id: UUID) -> Sequence[Session]:
        query = (
            select(Session)
            .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
            .order_by(sessions.c.id)
            .with_for_update()
        )
        return (await self._session.scalars(query)).all()

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        query = (
            select(Session)
            .where(sessions.c.user_id == user_id, sessions.c.device_id == device_id, sessions.c.ended_at.is_(None))
            .with_for_update()
        )
        return (await self._session.scalars(query)).one_or_none()

    async def lock_overdue(self, *, at: datetime, idle_for: timedelta, limit: int) -> Sequence[Session]:
        columns = sessions.c
        active = func.greatest(func.coalesce(columns.rotated_at, columns.started_at), columns.authenticated_at)
        query = (
            select(Session)
            .where(columns.ended_at.is_(None))
            .where(or_(columns.expires_at <= at, active <= at - idle_for))
            .order_by(columns.started_at, columns.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(query)).all()
