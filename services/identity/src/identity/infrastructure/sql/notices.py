"""People's notices and their preferences."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, Table, Text, Uuid, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.notices.own_templates import OwnTemplate
from identity.application.notices.views import NoticeRow, NoticeState
from identity.application.ports.notices import NoticeRecipient
from identity.domain.notice import MailedAs, Notice, NoticeGroup
from identity.domain.notice_preferences import NoticePreferences
from identity.domain.user import UserStatus
from identity.infrastructure import notice_sealing
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.subject_keys import wrapped_key
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault
from kernel.ids import new_id

notices = Table(
    "notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("request_id", Uuid),
    Column("template", Text, nullable=False),
    Column("group", enum_text(NoticeGroup), nullable=False),
    Column("facts", LargeBinary, key="sealed", nullable=False),
    Column("is_listed", Boolean, nullable=False),
    Column("occurred_at", timestamp(), nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("read_at", timestamp()),
    Column("mail_due_at", timestamp()),
    Column("mailed_at", timestamp()),
    Column("mailed_as", enum_text(MailedAs)),
    Column("withheld", Integer, nullable=False),
)
mapper.map_imperatively(Notice, notices)
notice_preferences = Table(
    "notice_preferences",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", timestamp(), nullable=False),
)

WITHHELD: Final = "system.notices_withheld"
# Locks the keys, so that an erasure waits or is committed. In id order, or two batches deadlock.
_RECIPIENTS = text(
    """
    SELECT u.id, u.status, k.wrapped, p.sealed
    FROM users u JOIN subject_keys k ON k.subject_id = u.id LEFT JOIN notice_preferences p ON p.user_id = u.id
    WHERE u.id = ANY(:ids) ORDER BY u.id FOR SHARE OF k
    """
)
_MAILS = text(
    """
    SELECT user_id, count(*) AS number FROM notices
    WHERE user_id = ANY(:ids) AND mailed_at > :since AND mailed_as = 'notice' GROUP BY user_id
    """
)
_NOTICES = text(
    """
    SELECT user_id, "group", count(*) AS number FROM notices
    WHERE user_id = ANY(:ids) AND created_at > :since AND request_id IS NOT NULL GROUP BY user_id, "group"
    """
)
_HOUR: Final = timedelta(hours=1)


class SqlNoticeRepository:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def recipients(self, user_ids: Sequence[UUID], *, at: datetime) -> Sequence[NoticeRecipient]:
        rows = (await self._session.execute(_RECIPIENTS, {"ids": list(user_ids)})).all()
        for row in rows:
            await hold(self._session, Lock.NOTICES, row.id.bytes)
        ids = [row.id for row in rows]
        since = at - _HOUR
        mails = {row.user_id: row.number for row in await self._session.execute(_MAILS, {"ids": ids, "since": since})}
        kept: dict[UUID, dict[NoticeGroup, int]] = {}
        for row in await self._session.execute(_NOTICES, {"ids": ids, "since": since}):
            kept.setdefault(row.user_id, {})[NoticeGroup(row.group)] = row.number
        return [
            NoticeRecipient(
                row.id,
                UserStatus(row.status),
                notice_sealing.open_preferences(self._vault, row.id, row.wrapped, row.sealed),
                mails.get(row.id, 0),
                kept.get(row.id, {}),
            )
            for row in rows
        ]

    async def add(self, notice: Notice, facts: Mapping[str, str | int]) -> None:
        self._add_under(await wrapped_key(self._session, notice.user_id), notice, facts)

    async def add_own(self, user_id: UUID, wrapped: bytes, own: OwnTemplate, facts: Mapping[str, str | int]) -> None:
        """List a message about a change of an account. Its mail goes its own way."""
        notice_id, now = new_id(), func.clock_timestamp()
        shown = {name: value for name, value in facts.items() if name in own.facts}
        values = {
            "id": notice_id,
            "user_id": user_id,
            "template": own.name,
            "group": NoticeGroup.SECURITY,
            "sealed": notice_sealing.seal_facts(self._vault, user_id, wrapped, notice_id, shown),
            "is_listed": True,
            "occurred_at": now,
            "created_at": now,
            "withheld": 0,
        }
        await self._session.execute(insert(notices).values(values))

    def _add_under(self, wrapped: bytes, notice: Notice, facts: Mapping[str, str | int]) -> None:
        notice.sealed = notice_sealing.seal_facts(self._vault, notice.user_id, wrapped, notice.id, facts)
        self._session.add(notice)

    async def withhold(
        self, recipient: NoticeRecipient, group: NoticeGroup, *, is_listed: bool, mail_due_at: datetime | None, at: datetime
    ) -> None:
        of = notices.c
        query = select(Notice).where(
            of.user_id == recipient.user_id, of.template == WITHHELD, of.group == group, of.created_at > at - _HOUR
        )
        await self._session.flush()
        found = (await self._session.scalars(query.order_by(of.id.desc()).limit(1).with_for_update())).one_or_none()
        if found is None:
            found = Notice(
                new_id(),
                recipient.user_id,
                None,
                WITHHELD,
                group,
                b"",
                is_listed=is_listed,
                occurred_at=at,
                created_at=at,
                mail_due_at=mail_due_at,
            )
            await self.add(found, {})
        found.count_withheld()

    async def facts_of(self, notice: Notice) -> Mapping[str, str | int]:
        wrapped = await wrapped_key(self._session, notice.user_id)
        return notice_sealing.open_facts(self._vault, notice.user_id, wrapped, notice.id, notice.sealed)

    async def lock(self, user_id: UUID, notice_id: UUID) -> Notice | None:
        of = notices.c
        query = select(Notice).where(of.id == notice_id, of.user_id == user_id, of.is_listed).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def lock_unread(self, user_id: UUID, *, until: UUID, limit: int) -> Sequence[Notice]:
        of = notices.c
        query = select(Notice).where(of.user_id == user_id, of.is_listed, of.read_at.is_(None), of.id <= until)
        return (await self._session.scalars(query.order_by(of.id).limit(limit).with_for_update())).all()

    async def lock_due(self, user_id: UUID, at: datetime, *, limit: int) -> Sequence[Notice]:
        of = notices.c
        query = select(Notice).where(of.user_id == user_id, of.mail_due_at <= at)
        return (await self._session.scalars(query.order_by(of.id).limit(limit).with_for_update())).all()

    async def preferences(self, user_id: UUID) -> NoticePreferences:
        query = select(notice_preferences.c.sealed).where(notice_preferences.c.user_id == user_id)
        sealed = await self._session.scalar(query)
        wrapped = await wrapped_key(self._session, user_id)
        return notice_sealing.open_preferences(self._vault, user_id, wrapped, sealed)

    async def set_preferences(self, user_id: UUID, preferences: NoticePreferences, *, at: datetime) -> None:
        wrapped = await wrapped_key(self._session, user_id)
        sealed = notice_sealing.seal_preferences(self._vault, user_id, wrapped, preferences)
        values = {"sealed": sealed, "changed_at": at}
        query = insert(notice_preferences).values(user_id=user_id, **values)
        await self._session.execute(query.on_conflict_do_update(index_elements=["user_id"], set_=values))

    async def purge(self, *, read_before: datetime, created_before: datetime, limit: int) -> int:
        of = notices.c
        old = select(of.id).where(or_(of.read_at < read_before, of.created_at < created_before)).limit(limit)
        return len((await self._session.scalars(delete(notices).where(of.id.in_(old)).returning(of.id))).all())


_LISTED = """
    SELECT n.id, n.template, n."group", n.facts, n.occurred_at, n.created_at, n.read_at, n.withheld, k.wrapped
    FROM notices n JOIN subject_keys k ON k.subject_id = n.user_id
    WHERE n.user_id = :user_id AND n.is_listed
"""
_PAGE = text(
    f"""{_LISTED} AND (CAST(:after AS uuid) IS NULL OR n.id < :after)
    AND (NOT :unread OR n.read_at IS NULL) AND (CAST(:template AS text) IS NULL OR n.template = :template)
    ORDER BY n.id DESC LIMIT :limit"""
)
_ONE = text(f"{_LISTED} AND n.id = :id")
_STATE = text(
    """
    SELECT (SELECT id FROM notices WHERE user_id = :user_id AND is_listed ORDER BY id DESC LIMIT 1) AS latest,
        (SELECT count(*) FROM (
            SELECT FROM notices WHERE user_id = :user_id AND is_listed AND read_at IS NULL LIMIT :counted_max
        ) unread) AS unread
    """
)
_PREFERENCES = text(
    """
    SELECT k.wrapped, p.sealed FROM subject_keys k LEFT JOIN notice_preferences p ON p.user_id = k.subject_id
    WHERE k.subject_id = :user_id
    """
)
_DUE = text(
    """
    SELECT user_id FROM notices WHERE mail_due_at <= :at
    GROUP BY user_id ORDER BY min(mail_due_at), user_id LIMIT :limit
    """
)
# Finds a request's job by its queueing lock.
_LEFT = text(
    """
    SELECT r.id FROM notice_requests r
    WHERE r.completed_at IS NULL AND r.received_at < :before AND NOT EXISTS (
        SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = 'notice_request:' || r.id AND j.status IN ('todo', 'doing')
    )
    ORDER BY r.received_at LIMIT :limit
    """
)


class SqlNoticeViews(SealedReads):
    async def page(
        self, user_id: UUID, *, after: UUID | None, limit: int, unread: bool, template: str | None
    ) -> Sequence[NoticeRow]:
        rows = await self._rows(_PAGE, user_id=user_id, after=after, limit=limit, unread=unread, template=template)
        return [self._row(user_id, row) for row in rows]

    async def notice(self, user_id: UUID, notice_id: UUID) -> NoticeRow | None:
        rows = await self._rows(_ONE, user_id=user_id, id=notice_id)
        return self._row(user_id, rows[0]) if rows else None

    async def state(self, user_id: UUID, *, counted_max: int) -> NoticeState:
        (row,) = await self._rows(_STATE, user_id=user_id, counted_max=counted_max)
        return NoticeState(row.latest, row.unread)

    async def preferences(self, user_id: UUID) -> NoticePreferences | None:
        rows = await self._rows(_PREFERENCES, user_id=user_id)
        return notice_sealing.open_preferences(self._vault, user_id, rows[0].wrapped, rows[0].sealed) if rows else None

    async def people_with_due_mail(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.user_id for row in await self._rows(_DUE, at=at, limit=limit)]

    async def left_requests(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_LEFT, before=before, limit=limit)]

    def _row(self, user_id: UUID, row: Any) -> NoticeRow:
        facts = notice_sealing.open_facts(self._vault, user_id, row.wrapped, row.id, row.facts)
        counted = {"count": row.withheld} if row.withheld else {}
        return NoticeRow(
            row.id, row.template, NoticeGroup(row.group), facts | counted, row.occurred_at, row.created_at, row.read_at
        )
