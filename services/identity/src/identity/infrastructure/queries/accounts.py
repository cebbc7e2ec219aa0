"""Accounts and the people behind them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import Database
from identity.application.accounts.queries import EVERYBODY, SubjectView, UserFilter, UserSort, UserView
from identity.domain.email_address import may_have_been_folded, takes_mail
from identity.domain.email_undo import PASSWORDS_TRIED_MAX
from identity.domain.user import EARLIER_KEPT, UserStatus
from identity.infrastructure.queries.large_totals import LargeTotals
from identity.infrastructure.queries.rows import SqlReads
from identity.infrastructure.vault import SealedProfile, Vault
from kernel.clock import Clock
from kernel.pages import Page, PageRequest

_USER = """
    SELECT u.id, u.username, u.status, u.registered_at, u.last_sign_in_at, u.version, u.email_verified_at, u.phone_verified_at,
           p.full_name, p.email, p.phone, p.organization, p.email_index, p.phone_index, p.email_as_given, k.wrapped,
           (SELECT w.address FROM wallet_addresses w WHERE w.user_id = u.id
            ORDER BY w.retired_at IS NOT NULL, w.issued_at, w.address LIMIT 1) AS address
    FROM users u JOIN profiles p ON p.user_id = u.id JOIN subject_keys k ON k.subject_id = u.id
"""
# Who is restricted waits to be erased: shown to nobody, but found by that status. Of who was erased nothing is left to show;
# counted, they would leave holes in the pages.
_SHOWN: Final = "u.status <> 'deleted' AND u.status <> 'restricted' AND u.status <> 'erased'"
_USER_BY_ID = text(f"{_USER} WHERE u.id = :id AND {_SHOWN}")
# Each filter is text of ours; values travel as parameters.
_FILTERS: Final[Mapping[str, str]] = {
    "status": "u.status = :status",
    "email_indexes": "p.email_index = ANY(:email_indexes)",
    "phone_index": "p.phone_index = :phone_index",
    "username": "u.username = :username",
    "registered_from": "u.registered_at >= :registered_from",
    "registered_to": "u.registered_at < :registered_to",
}
_ORDERS: Final[Mapping[UserSort, str]] = {
    UserSort.NEWEST: "u.registered_at DESC, u.id DESC",
    UserSort.OLDEST: "u.registered_at, u.id",
    UserSort.LATELY_SIGNED_IN: "u.last_sign_in_at DESC NULLS LAST, u.id DESC",
}
_RECENT_HASHES = text(
    """
    SELECT password_hash FROM (
        SELECT password_hash, 'infinity'::timestamptz AS replaced_at FROM users WHERE id = :id
        UNION ALL SELECT password_hash, replaced_at FROM password_history WHERE user_id = :id
    ) AS passwords ORDER BY replaced_at DESC LIMIT :limit
    """
)
_HASHES_HELD = text(
    """
    SELECT password_hash FROM (
        SELECT password_hash, password_changed_at AS moment FROM users WHERE id = :id AND password_changed_at <= :at
        UNION ALL
        -- Those that the user gave up on a device of their own before that, and what came before these, count no more.
        SELECT password_hash, replaced_at FROM password_history p
        WHERE user_id = :id AND replaced_at >= :replaced_since AND NOT EXISTS (
            SELECT FROM password_history given_up
            WHERE given_up.user_id = :id AND given_up.from_known_device
              AND given_up.replaced_at < :at AND given_up.replaced_at >= p.replaced_at
        )
    ) held ORDER BY moment LIMIT :most
    """
)
_STORED_FOLDED = text(
    """
    SELECT f.user_id, p.email, k.wrapped FROM emails_stored_folded f
    JOIN profiles p USING (user_id) JOIN subject_keys k ON k.subject_id = f.user_id
    WHERE f.user_id > :after ORDER BY f.user_id LIMIT :limit
    """
)
_BATCH: Final = 500
_SUBJECTS = text(
    """
    SELECT u.id, u.status = 'active' AS is_active, u.status IN ('deleted', 'restricted', 'erased') AS is_closed
    FROM unnest(cast(:ids AS uuid[])) WITH ORDINALITY AS asked (id, place) JOIN users u USING (id) ORDER BY asked.place
    """
)


class SqlAccountQueries(SqlReads):
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        super().__init__(database, vault, clock)
        self._totals = LargeTotals(clock)

    async def user(self, user_id: UUID) -> UserView | None:
        rows = await self._rows(_USER_BY_ID, {"id": user_id})
        return self._user(rows[0]) if rows else None

    async def users(self, page: PageRequest, which: UserFilter = EVERYBODY) -> Page[UserView]:
        where, values = self._where(which)
        order = _ORDERS[which.sort]
        # The page's ids first, so that nothing is joined for the rows that are passed over.
        # What is put together is text of ours alone.
        ids = f"SELECT u.id FROM {_filtered(values)} WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset"  # noqa: S608
        listing = text(f"{_USER} WHERE u.id IN ({ids}) ORDER BY {order}")
        # Counting 100,000 rows takes longer than reading a page of them.
        known = self._totals.known(which)
        counting = text(f"SELECT count(*) FROM {_filtered(values)} WHERE {where}")  # noqa: S608
        async with self._database.read() as connection:
            rows = (await connection.execute(listing, {**values, "limit": page.per_page, "offset": page.offset})).all()
            total = known if known is not None else (await connection.execute(counting, values)).scalar_one()
        self._totals.learn(which, total)
        return Page([self._user(row) for row in rows], page.page, page.per_page, total)

    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        rows = await self._rows(_RECENT_HASHES, {"id": user_id, "limit": EARLIER_KEPT + 1})
        return [row.password_hash for row in rows]

    async def password_hashes_held(self, user_id: UUID, *, at: datetime, replaced_since: datetime) -> Sequence[str]:
        rows = await self._rows(
            _HASHES_HELD, {"id": user_id, "at": at, "replaced_since": replaced_since, "most": PASSWORDS_TRIED_MAX}
        )
        return [row.password_hash for row in rows]

    async def users_without_mail(self) -> AsyncIterator[UUID]:
        """Give the users whose address may have been another's before an earlier release folded it, in id order."""
        after = UUID(int=0)
        while rows := await self._rows(_STORED_FOLDED, {"after": after, "limit": _BATCH}):
            for row in rows:
                if may_have_been_folded(self._vault.open_email(row.user_id, row.wrapped, row.email)):
                    yield row.user_id
            after = rows[-1].user_id

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        found = await self.subjects([subject_id])
        return found[0] if found else None

    async def subjects(self, subject_ids: Sequence[UUID]) -> Sequence[SubjectView]:
        return [SubjectView(*row) for row in await self._rows(_SUBJECTS, {"ids": list(subject_ids)})]

    def _where(self, which: UserFilter) -> tuple[str, dict[str, object]]:
        values: dict[str, object] = {
            "status": which.status.value if which.status else None,
            "email_indexes": list(self._vault.email_indexes(which.email)) if which.email else None,
            "phone_index": self._vault.phone_index(which.phone) if which.phone else None,
            "username": which.username,
            "registered_from": which.registered_from,
            "registered_to": which.registered_to,
        }
        given = {name: value for name, value in values.items() if value is not None}
        conditions = [_FILTERS[name] for name in given]
        if which.status is None:
            conditions.append(_SHOWN)
        if which.verified is not None:
            conditions.append(f"(u.email_verified_at IS NOT NULL) = {which.verified}")
        return " AND ".join(conditions), given

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
                email_as_given=row.email_as_given,
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
            version=row.version,
            email_verified_at=row.email_verified_at,
            phone_verified_at=row.phone_verified_at,
            email_takes_mail=takes_mail(
                profile.email, as_given=profile.email_as_given, is_verified=row.email_verified_at is not None
            ),
        )


def _filtered(values: Mapping[str, object]) -> str:
    by_contact = not values.keys().isdisjoint({"email_indexes", "phone_index"})
    return "users u JOIN profiles p ON p.user_id = u.id" if by_contact else "users u"
