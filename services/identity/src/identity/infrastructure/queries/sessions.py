"""Credentials and sessions."""

from uuid import UUID

from sqlalchemy import text

from identity.application.sessions.queries import CredentialView, NameKind, SessionView, SignInName
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

_CREDENTIAL = """
    SELECT u.id, u.password_hash, u.password_changed_at, u.status = 'active' AS is_active,
           u.second_factor_since IS NOT NULL AS has_second_factor
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
"""
_CREDENTIAL_BY = {
    NameKind.EMAIL: text(f"{_CREDENTIAL} WHERE p.email_index = :name"),
    NameKind.USERNAME: text(f"{_CREDENTIAL} WHERE u.username = :name"),
}
_CREDENTIAL_OF = text(f"{_CREDENTIAL} WHERE u.id = :id")
_SESSIONS = text(
    """
    SELECT id, device_id, methods, started_at, rotated_at, expires_at, ended_at, end_reason, count(*) OVER () AS total
    FROM sessions WHERE user_id = :user_id ORDER BY started_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)


class SqlSessionQueries(SqlReads):
    async def credential_of(self, user_id: UUID) -> CredentialView | None:
        rows = await self._rows(_CREDENTIAL_OF, {"id": user_id})
        return CredentialView(*rows[0]) if rows else None

    async def credential(self, name: SignInName) -> CredentialView | None:
        key = self._vault.email_index(name.text) if name.kind is NameKind.EMAIL else name.text
        rows = await self._rows(_CREDENTIAL_BY[name.kind], {"name": key})
        return CredentialView(*rows[0]) if rows else None

    async def sessions_of(self, user_id: UUID, page: PageRequest) -> Page[SessionView]:
        rows = await self._rows(_SESSIONS, {"user_id": user_id, "limit": page.per_page, "offset": page.offset})
        views = [SessionView(row.id, row.device_id, tuple(row.methods), *row[3:-1]) for row in rows]
        return Page(views, page.page, page.per_page, rows[0].total if rows else 0)
