"""Credentials and sessions."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text

from identity.application.devices.views import DeviceView, OriginView
from identity.application.ports.credentials import CredentialView
from identity.application.sessions.views import SessionView
from identity.domain.sign_in_name import NameKind, SignInName
from identity.infrastructure.programs import program_of
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

View = TypeVar("View")
_CREDENTIAL = """
    SELECT u.id, u.password_hash, u.password_changed_at, u.status = 'active' AS is_active,
           u.second_factor_since IS NOT NULL AS has_second_factor
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
"""
_CREDENTIAL_BY = {
    # An address that was stored folded and never proven is found by what it may have been, too, where nobody has just that: its
    # owner has to sign in to confirm it again.
    NameKind.EMAIL: text(
        f"""{_CREDENTIAL} WHERE p.email_index = ANY(:name)
        OR (p.email_index = :folded AND NOT p.email_as_given AND u.email_verified_at IS NULL)
        ORDER BY p.email_index = ANY(:name) DESC LIMIT 1"""
    ),
    NameKind.USERNAME: text(f"{_CREDENTIAL} WHERE u.username = :name"),
}
_CREDENTIAL_OF = text(f"{_CREDENTIAL} WHERE u.id = :id")
_SESSION_ROWS = """
    SELECT s.id, s.user_id, s.device_id, s.methods, s.started_at, s.rotated_at, s.expires_at, s.ended_at, s.end_reason,
           s.authenticated_at, greatest(s.rotated_at, s.started_at, s.authenticated_at) AS last_active_at,
           s.started_from, s.seen_from, k.wrapped, count(*) OVER () AS total
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
# Its last session, live or not, says from where it was seen.
_DEVICE_ROWS = """
    SELECT d.device_id, d.name, d.first_seen_at,
           greatest(d.last_seen_at, CASE WHEN s.ended_at IS NULL THEN s.rotated_at END) AS last_active_at,
           d.known_since, d.revoked_at, CASE WHEN s.ended_at IS NULL THEN s.id END AS session_id,
           s.id AS last_session_id, coalesce(s.seen_from, s.started_from) AS seen_from, k.wrapped, count(*) OVER () AS total
    FROM devices d
    LEFT JOIN subject_keys k ON k.subject_id = d.user_id
    LEFT JOIN LATERAL (
        SELECT * FROM sessions WHERE user_id = d.user_id AND device_id = d.device_id ORDER BY started_at DESC, id DESC LIMIT 1
    ) s ON true
    WHERE d.user_id = :user_id
"""
_KNOWN_SINCE = text("SELECT known_since FROM devices WHERE user_id = :user_id AND device_id = :device_id AND revoked_at IS NULL")
_DEVICES = text(f"{_DEVICE_ROWS} ORDER BY d.last_seen_at DESC, d.device_id LIMIT :limit OFFSET :offset")
_DEVICE = text(f"{_DEVICE_ROWS} AND d.device_id = :device_id")


class SqlSessionQueries(SqlReads):
    async def credential_of(self, user_id: UUID) -> CredentialView | None:
        rows = await self._rows(_CREDENTIAL_OF, {"id": user_id})
        return CredentialView(*rows[0]) if rows else None

    async def credential(self, name: SignInName) -> CredentialView | None:
        key: dict[str, object] = {"name": name.text}
        if name.kind is NameKind.EMAIL:
            key = {"name": list(self._vault.email_indexes(name.text)), "folded": self._vault.folded_email_index(name.text)}
        rows = await self._rows(_CREDENTIAL_BY[name.kind], key)
        return CredentialView(*rows[0]) if rows else None

    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        rows, total = await self._page(_SESSIONS, page, {"user_id": user_id, "live": live})
        return Page(await self._opened(self._session, rows), page.page, page.per_page, total)

    async def session(self, session_id: UUID) -> SessionView | None:
        rows = await self._rows(_SESSION, {"id": session_id})
        return (await self._opened(self._session, rows))[0] if rows else None

    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        rows, total = await self._page(_DEVICES, page, {"user_id": user_id})
        return Page(await self._opened(partial(self._device, user_id), rows), page.page, page.per_page, total)

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None:
        rows = await self._rows(_DEVICE, {"user_id": user_id, "device_id": device_id})
        return (await self._opened(partial(self._device, user_id), rows))[0] if rows else None

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        rows = await self._rows(_KNOWN_SINCE, {"user_id": user_id, "device_id": device_id})
        return rows[0].known_since if rows else None

    async def _opened(self, view: Callable[[Any], View], rows: Sequence[Any]) -> list[View]:
        # In a thread: the first program that is named loads what names them all, a quarter of a second of it.
        return await asyncio.to_thread(lambda: [view(row) for row in rows])

    def _session(self, row: Any) -> SessionView:
        origins = [self._origin(row.user_id, row.wrapped, row.id, sealed) for sealed in (row.started_from, row.seen_from)]
        return SessionView(row.id, row.user_id, row.device_id, tuple(row.methods), *row[4:11], *origins)

    def _device(self, user_id: UUID, row: Any) -> DeviceView:
        name = self._vault.open_thing(user_id, row.wrapped, row.device_id, row.name) if row.name and row.wrapped else None
        return DeviceView(
            device_id=row.device_id,
            name=name,
            first_seen_at=row.first_seen_at,
            last_active_at=row.last_active_at,
            known_since=row.known_since,
            revoked_at=row.revoked_at,
            session_id=row.session_id,
            seen_from=self._origin(user_id, row.wrapped, row.last_session_id, row.seen_from),
        )

    def _origin(self, user_id: UUID, wrapped: bytes | None, session_id: UUID, sealed: bytes | None) -> OriginView | None:
        if not sealed or not wrapped:
            return None
        origin = self._vault.open_origin(user_id, wrapped, session_id, sealed)
        return OriginView(origin.address, program_of(origin.user_agent))
