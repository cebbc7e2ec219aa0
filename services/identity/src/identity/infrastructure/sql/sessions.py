"""Sessions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    Uuid,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.sessions.views import SessionView
from identity.domain.device_key import DeviceKey
from identity.domain.origin import Origin
from identity.domain.session import Session
from identity.infrastructure.sql.device_keys import device_keys
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.origins import opened, origin_view
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.session_columns import ProofColumn, UsedTokenColumn
from identity.infrastructure.sql.subject_keys import find_wrapped_key, subject_keys
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault
from kernel.pages import Page, PageRequest

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("current_digest", LargeBinary, nullable=False),
    Column("previous_digest", LargeBinary),
    Column("sealed_successor", LargeBinary),
    Column("rotated_at", timestamp()),
    Column("authenticated_at", timestamp(), nullable=False),
    Column("methods", ARRAY(Text, as_tuple=True), nullable=False),
    Column("started_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("ended_at", timestamp()),
    Column("end_reason", Text),
    Column("passkey_id", Uuid),
    Column("earlier_proofs", ProofColumn, nullable=False),
    Column("earlier_used", UsedTokenColumn, nullable=False),
    Column("started_from", LargeBinary),
    Column("seen_from", LargeBinary),
    Column("known_device", Boolean, nullable=False),
    Column("organization_id", Uuid),
)
mapper.map_imperatively(Session, sessions)

_SESSION_ROWS = """
    SELECT s.id, s.user_id, s.device_id, s.methods, s.started_at, s.rotated_at, s.expires_at, s.ended_at, s.end_reason,
           s.authenticated_at, greatest(s.rotated_at, s.started_at, s.authenticated_at) AS last_active_at,
           s.organization_id, s.started_from, s.seen_from, k.wrapped, count(*) OVER () AS total
    FROM sessions s LEFT JOIN subject_keys k ON k.subject_id = s.user_id
"""
_SESSIONS = text(
    _SESSION_ROWS
    + """
    WHERE s.user_id = :user_id AND (CAST(:live AS boolean) IS NULL OR (s.ended_at IS NULL) = :live)
    ORDER BY s.started_at DESC, s.id DESC LIMIT :limit OFFSET :offset
    """
)
_SESSION = text(_SESSION_ROWS + "WHERE s.id = :id")


class SqlSessionRepository:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault
        # The keys of users whose session was locked with its key, so that a refresh reads them only once.
        self._wrapped_keys: dict[UUID, bytes | None] = {}

    async def add(self, session: Session) -> None:
        # The replaced session must be ended first: SQLAlchemy inserts before it updates, and a device has one live session.
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
            self._wrapped_keys[user_id] = await find_wrapped_key(self._session, user_id)
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


class SqlSessionViews(SealedReads):
    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        found = await self._page(_SESSIONS, page, user_id=user_id, live=live)
        return replace(found, items=await opened(self._session, found.items))

    async def session(self, session_id: UUID) -> SessionView | None:
        rows = await self._rows(_SESSION, id=session_id)
        return (await opened(self._session, rows))[0] if rows else None

    def _session(self, row: Any) -> SessionView:
        origins = [
            origin_view(self._vault, row.user_id, row.wrapped, row.id, sealed) for sealed in (row.started_from, row.seen_from)
        ]
        return SessionView(row.id, row.user_id, row.device_id, tuple(row.methods), *row[4:12], *origins)
