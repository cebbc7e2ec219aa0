"""Accounts and the people behind them."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.accounts.queries import SubjectView, UserView
from identity.domain.user import UserStatus
from identity.infrastructure.queries.rows import SqlReads
from identity.infrastructure.vault import SealedProfile
from kernel.pages import Page, PageRequest

_USER = """
    SELECT u.id, u.username, u.status, u.registered_at, u.last_sign_in_at,
           p.full_name, p.email, p.phone, p.organization, p.email_index, p.phone_index, k.wrapped,
           (SELECT w.address FROM wallet_addresses w WHERE w.user_id = u.id ORDER BY w.issued_at, w.address LIMIT 1) AS address
    FROM users u JOIN profiles p ON p.user_id = u.id JOIN subject_keys k ON k.subject_id = u.id
"""
_USER_BY_ID = text(f"{_USER} WHERE u.id = :id AND u.status <> 'deleted'")
_USERS = text(f"{_USER} WHERE u.status <> 'deleted' ORDER BY u.registered_at DESC, u.id DESC LIMIT :limit OFFSET :offset")
_USERS_TOTAL = text("SELECT count(*) FROM users WHERE status <> 'deleted'")
_SUBJECT = text("SELECT id, status = 'active' AS is_active FROM users WHERE id = :id")


class SqlAccountQueries(SqlReads):
    async def user(self, user_id: UUID) -> UserView | None:
        rows = await self._rows(_USER_BY_ID, {"id": user_id})
        return self._user(rows[0]) if rows else None

    async def users(self, page: PageRequest) -> Page[UserView]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_USERS, {"limit": page.per_page, "offset": page.offset})).all()
            total = (await connection.execute(_USERS_TOTAL)).scalar_one()
        return Page([self._user(row) for row in rows], page.page, page.per_page, total)

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        rows = await self._rows(_SUBJECT, {"id": subject_id})
        return SubjectView(*rows[0]) if rows else None

    def _user(self, row: Any) -> UserView:
        profile = self._vault.open(
            row.id,
            SealedProfile(
                wrapped_key=row.wrapped,
                full_name=row.full_name,
                email=row.email,
                phone=row.phone,
                organization=row.organization,
                email_index=row.email_index,
                phone_index=row.phone_index,
            ),
        )
        return UserView(
            id=row.id,
            username=row.username,
            full_name=profile.full_name,
            email=profile.email,
            phone=profile.phone,
            organization=profile.organization,
            status=UserStatus(row.status),
            wallet_address=row.address,
            registered_at=row.registered_at,
            last_sign_in_at=row.last_sign_in_at,
        )
