"""Earlier passwords, reset links, and who required resets."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    CursorResult,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.email_undo import PASSWORDS_KEPT_FOR, PASSWORDS_TRIED_MAX
from identity.domain.password_reset import PasswordReset
from identity.domain.user import EARLIER_KEPT
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.users import users

password_history = Table(
    "password_history",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("password_hash", Text, primary_key=True),
    Column("replaced_at", timestamp(), primary_key=True),
    Column("from_known_device", Boolean, nullable=False),
)
password_resets = Table(
    "password_resets",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The id of nobody if there is no account: such a link is never sent.
    Column("user_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("used_at", timestamp()),
)
required_resets = Table(
    "required_resets",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("required_by", Uuid, primary_key=True),
    Column("required_at", timestamp(), nullable=False),
)
mapper.map_imperatively(PasswordReset, password_resets)

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
        -- Leave out passwords that the user replaced on a known device before that time, and all earlier ones.
        SELECT password_hash, replaced_at FROM password_history p
        WHERE user_id = :id AND replaced_at >= :replaced_since AND NOT EXISTS (
            SELECT FROM password_history given_up
            WHERE given_up.user_id = :id AND given_up.from_known_device
              AND given_up.replaced_at < :at AND given_up.replaced_at >= p.replaced_at
        )
    ) held ORDER BY moment LIMIT :most
    """
)


class SqlPasswordHistory:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        of = password_history.c
        row = {
            "user_id": user_id,
            "password_hash": password_hash,
            "replaced_at": replaced_at,
            "from_known_device": from_known_device,
        }
        await self._session.execute(password_history.insert().values(row))
        kept = select(of.replaced_at).where(of.user_id == user_id).order_by(of.replaced_at.desc()).limit(EARLIER_KEPT)
        # Keep these, or a thief could change the password five times and leave the owner none to undo a change of address.
        is_past = of.replaced_at < replaced_at - PASSWORDS_KEPT_FOR
        await self._session.execute(delete(password_history).where(of.user_id == user_id, of.replaced_at.not_in(kept), is_past))


class SqlPasswordResets:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, reset: PasswordReset) -> None:
        self._session.add(reset)

    async def lock(self, digest: bytes) -> PasswordReset | None:
        query = select(PasswordReset).where(password_resets.c.digest == digest).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def void(self, user_id: UUID, *, at: datetime) -> None:
        of = password_resets.c
        await self._session.execute(update(password_resets).where(of.user_id == user_id, of.used_at.is_(None)).values(used_at=at))

    async def purge(self, expired_before: datetime) -> int:
        result = await self._session.execute(delete(password_resets).where(password_resets.c.expires_at < expired_before))
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        of = password_resets.c
        query = select(func.count()).select_from(password_resets).where(of.user_id == user_id, of.created_at > since)
        return int(await self._session.scalar(query) or 0)

    async def note_required(self, user_id: UUID, *, by: UUID, at: datetime) -> None:
        row = insert(required_resets).values(user_id=user_id, required_by=by, required_at=at)
        latest = {"required_at": row.excluded.required_at}
        of = required_resets.c
        await self._session.execute(row.on_conflict_do_update(index_elements=[of.user_id, of.required_by], set_=latest))

    async def required_by(self, user_id: UUID, *, since: datetime) -> frozenset[UUID]:
        of = required_resets.c
        query = select(of.required_by).where(of.user_id == user_id, of.required_at > since)
        return frozenset(await self._session.scalars(query))

    async def purge_required(self, before: datetime) -> int:
        result = await self._session.execute(delete(required_resets).where(required_resets.c.required_at <= before))
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount


class SqlPasswordHashes(SealedReads):
    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        rows = await self._rows(_RECENT_HASHES, id=user_id, limit=EARLIER_KEPT + 1)
        return [row.password_hash for row in rows]

    async def password_hashes_held(self, user_id: UUID, *, at: datetime, replaced_since: datetime) -> Sequence[str]:
        rows = await self._rows(_HASHES_HELD, id=user_id, at=at, replaced_since=replaced_since, most=PASSWORDS_TRIED_MAX)
        return [row.password_hash for row in rows]
