"""Credentials and sessions."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.sessions.queries import CredentialView, DeviceView, NameKind, SessionView, SignInName
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

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
    SELECT id, user_id, device_id, methods, started_at, rotated_at, expires_at, ended_at, end_reason, count(*) OVER () AS total
    FROM sessions
"""
_SESSIONS = text(
    _SESSION_ROWS
    + """
    WHERE user_id = :user_id AND (CAST(:live AS boolean) IS NULL OR (ended_at IS NULL) = :live)
    ORDER BY started_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)
_SESSION = text(_SESSION_ROWS + "WHERE id = :id")
_DEVICE_ROWS = """
    SELECT d.device_id, d.name, d.first_seen_at, greatest(d.last_seen_at, s.rotated_at) AS last_active_at,
           d.known_since, d.trusted_at, d.revoked_at, s.id AS session_id, k.wrapped, count(*) OVER () AS total
    FROM devices d
    LEFT JOIN subject_keys k ON k.subject_id = d.user_id
    LEFT JOIN sessions s ON s.user_id = d.user_id AND s.device_id = d.device_id AND s.ended_at IS NULL
    WHERE d.user_id = :user_id
"""
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
        return Page([_session(row) for row in rows], page.page, page.per_page, total)

    async def session(self, session_id: UUID) -> SessionView | None:
        rows = await self._rows(_SESSION, {"id": session_id})
        return _session(rows[0]) if rows else None

    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        rows, total = await self._page(_DEVICES, page, {"user_id": user_id})
        return Page([self._device(user_id, row) for row in rows], page.page, page.per_page, total)

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None:
        rows = await self._rows(_DEVICE, {"user_id": user_id, "device_id": device_id})
        return self._device(user_id, rows[0]) if rows else None

    def _device(self, user_id: UUID, row: Any) -> DeviceView:
        name = self._vault.open_thing(user_id, row.wrapped, row.device_id, row.name) if row.name and row.wrapped else None
        return DeviceView(row.device_id, name, *row[2:8])


def _session(row: Any) -> SessionView:
    return SessionView(row.id, row.user_id, row.device_id, tuple(row.methods), *row[4:9])
