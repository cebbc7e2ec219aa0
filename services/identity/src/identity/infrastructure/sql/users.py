"""Users."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, Uuid, exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database
from chassis.projections.served_feed import SqlFeed
from identity.application.users.views import EVERYBODY, StandingView, SubjectView, UserFilter, UserSort, UserView
from identity.domain.email_address import may_have_been_folded, takes_mail
from identity.domain.errors import UserExists
from identity.domain.user import InitialRole, User, UserStatus
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.large_totals import LargeTotals
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.unique_constraints import refuse_duplicates
from identity.infrastructure.vault import SealedProfile, Vault
from kernel.assurance import Factors
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.feeds import FeedPage
from kernel.pages import Page, PageRequest

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", Text, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("password_changed_at", timestamp(), nullable=False),
    Column("status", enum_text(UserStatus), nullable=False),
    Column("initial_role", enum_text(InitialRole), nullable=False),
    Column("agreed_terms_at", timestamp()),
    Column("registered_at", timestamp(), nullable=False),
    Column("last_sign_in_at", timestamp()),
    Column("version", BigInteger, nullable=False),
    Column("email_verified_at", timestamp()),
    Column("phone_verified_at", timestamp()),
    Column("deleted_at", timestamp()),
    Column("second_factor_since", timestamp()),
    Column("suspended_at_deletion", Boolean),
    Column("factors_version", Integer, nullable=False),
)
mapper.map_imperatively(User, users)

# What two accounts must not share; telephone numbers only once verified. The error does not say which, because that would reveal
# to strangers that an account exists.
UNIQUE_TO_ACCOUNT: Final = ("users_username_key", "profiles_email_index_key", "profiles_phone_index_key")
_USER = """
    SELECT u.id, u.username, u.status, u.registered_at, u.last_sign_in_at, u.version, u.email_verified_at, u.phone_verified_at,
           p.full_name, p.email, p.phone, p.organization, p.email_index, p.phone_index, p.email_as_given, k.wrapped,
           (SELECT w.address FROM wallet_addresses w WHERE w.user_id = u.id
            ORDER BY w.retired_at IS NOT NULL, w.issued_at, w.address LIMIT 1) AS address
    FROM users u JOIN profiles p ON p.user_id = u.id JOIN subject_keys k ON k.subject_id = u.id
"""
# Restricted users wait for erasure: they are not shown, but their status can be filtered. Of erased users no data is left;
# counting them would leave gaps in the pages.
_SHOWN: Final = "u.status <> 'deleted' AND u.status <> 'restricted' AND u.status <> 'erased'"
_USER_BY_ID = text(f"{_USER} WHERE u.id = :id AND {_SHOWN}")
# Each filter is constant SQL. Values are parameters.
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


class SqlUserRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        self._session.add(user)
        with refuse_duplicates(UserExists, *UNIQUE_TO_ACCOUNT):
            # Flush now: rows that refer to the user follow in this transaction.
            await self._session.flush()

    async def lock(self, user_id: UUID) -> User | None:
        # NO KEY: sessions and devices that only refer to the user need not wait.
        query = select(User).where(users.c.id == user_id).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def factors_of(self, user_id: UUID) -> Factors:
        query = select(users.c.factors_version, users.c.second_factor_since.is_not(None)).where(users.c.id == user_id)
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            raise NotFound(user_id=user_id)
        return Factors(row[0], has_second=row[1])

    async def holder_of(self, username: str) -> UUID | None:
        return await self._session.scalar(select(users.c.id).where(users.c.username == username))

    async def flush(self) -> None:
        with refuse_duplicates(UserExists, *UNIQUE_TO_ACCOUNT):
            await self._session.flush()

    async def lock_administrators(self) -> bool:
        await hold(self._session, Lock.ADMINISTRATORS)
        query = select(exists().where(users.c.initial_role == InitialRole.ADMIN))
        return bool(await self._session.scalar(query))


class SqlUserViews(SealedReads):
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        super().__init__(database, vault)
        self._totals = LargeTotals(clock)
        self._standings = SqlFeed(database, "users", key="id", columns="status, version")

    async def user(self, user_id: UUID) -> UserView | None:
        rows = await self._rows(_USER_BY_ID, id=user_id)
        return self._user(rows[0]) if rows else None

    async def users(self, page: PageRequest, which: UserFilter = EVERYBODY) -> Page[UserView]:
        where, values = self._where(which)
        order = _ORDERS[which.sort]
        # Select the page's ids first, so that skipped rows are not joined.
        # The SQL is built only from constants.
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

    async def users_without_mail(self) -> AsyncIterator[UUID]:
        """Yield the users whose address may have been another's before an earlier release folded it, in id order."""
        after = UUID(int=0)
        while rows := await self._rows(_STORED_FOLDED, after=after, limit=_BATCH):
            for row in rows:
                if may_have_been_folded(self._vault.open_email(row.user_id, row.wrapped, row.email)):
                    yield row.user_id
            after = rows[-1].user_id

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        found = await self.subjects([subject_id])
        return found[0] if found else None

    async def subjects(self, subject_ids: Sequence[UUID]) -> Sequence[SubjectView]:
        return [SubjectView(*row) for row in await self._rows(_SUBJECTS, ids=list(subject_ids))]

    async def standings(self, cursor: str, *, limit: int) -> FeedPage[StandingView]:
        page = await self._standings.page(cursor, limit=limit)
        return page.map(lambda row: StandingView(row.feed_key, UserStatus(row.status), row.version))

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
