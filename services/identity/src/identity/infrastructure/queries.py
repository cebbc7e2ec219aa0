"""Reads, by hand-written SQL; personal data is opened here and nowhere kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.database import Database
from identity.application.queries import (
    CredentialView,
    NameKind,
    SessionView,
    SignInName,
    SubjectView,
    UserView,
    WalletAddressView,
)
from identity.domain.signing_key import PUBLISHED_AFTER_RETIREMENT, SigningKey
from identity.domain.user import UserStatus
from identity.infrastructure.vault import SealedProfile, Vault
from kernel.clock import Clock
from kernel.pages import Page, PageRequest

_CREDENTIAL = """
    SELECT u.id, u.password_hash, u.password_changed_at, u.status = 'active' AS is_active
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
"""
_CREDENTIAL_BY = {
    NameKind.EMAIL: text(f"{_CREDENTIAL} WHERE p.email_index = :name"),
    NameKind.USERNAME: text(f"{_CREDENTIAL} WHERE u.username = :name"),
}
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
_SESSIONS = text(
    """
    SELECT id, device_id, methods, started_at, rotated_at, expires_at, ended_at, end_reason, count(*) OVER () AS total
    FROM sessions WHERE user_id = :user_id ORDER BY started_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)
_ADDRESSES = text(
    """
    SELECT address, issued_at, retired_at, count(*) OVER () AS total
    FROM wallet_addresses WHERE user_id = :user_id ORDER BY issued_at, address LIMIT :limit OFFSET :offset
    """
)
_SIGNING_KEYS = text(
    """
    SELECT id, algorithm, public_jwk, sealed_private, created_at, activated_at, retired_at
    FROM signing_keys WHERE retired_at IS NULL OR retired_at > :since ORDER BY created_at, id
    """
)


class SqlIdentityQueries:
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def credential(self, name: SignInName) -> CredentialView | None:
        key = self._vault.email_index(name.text) if name.kind is NameKind.EMAIL else name.text
        rows = await self._rows(_CREDENTIAL_BY[name.kind], {"name": key})
        return CredentialView(*rows[0]) if rows else None

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

    async def sessions_of(self, user_id: UUID, page: PageRequest) -> Page[SessionView]:
        rows = await self._rows(_SESSIONS, {"user_id": user_id, "limit": page.per_page, "offset": page.offset})
        views = [SessionView(row.id, row.device_id, tuple(row.methods), *row[3:-1]) for row in rows]
        return Page(views, page.page, page.per_page, rows[0].total if rows else 0)

    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        rows = await self._rows(_ADDRESSES, {"user_id": user_id, "limit": page.per_page, "offset": page.offset})
        return Page([WalletAddressView(*row[:-1]) for row in rows], page.page, page.per_page, rows[0].total if rows else 0)

    async def signing_keys(self) -> Sequence[SigningKey]:
        rows = await self._rows(_SIGNING_KEYS, {"since": self._clock.now() - PUBLISHED_AFTER_RETIREMENT})
        return [SigningKey(row.id, row.algorithm, row.public_jwk, bytes(row.sealed_private), *row[4:]) for row in rows]

    async def _rows(self, query: TextClause, parameters: Mapping[str, object]) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()

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
