"""Messages, queued in the transaction of the change that they report."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Boolean, Column, LargeBinary, Table, Text, Uuid, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.application.messages.views import MessageContent
from identity.application.notices.own_templates import OWN
from identity.domain.email_address import takes_mail
from identity.domain.message import NOTICES_PER_HOUR_MAX, Channel, Message, Template
from identity.infrastructure import message_sealing
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.notices import SqlNoticeRepository
from identity.infrastructure.sql.profiles import profiles
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.subject_keys import subject_keys
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault
from kernel.ids import new_id

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("template", enum_text(Template), nullable=False),
    Column("recipient_index", LargeBinary),
    Column("sealed", LargeBinary),
    Column("sealed_for_subject", Boolean, nullable=False),
    Column("asked_from", Text),
    Column("delivered_at", timestamp()),
    Column("failed_at", timestamp()),
)
mapper.map_imperatively(Message, messages)

# Queues the job that delivers a message, in the session's transaction.
DeferDelivery = Callable[[AsyncSession, UUID], Awaitable[None]]
_WITHHELD = Counter("notices_withheld_total", "Notices not sent because the account got too many of the kind.", ["template"])
_NOTICES = text(
    """
    SELECT count(*) FROM messages
    WHERE user_id = :user_id AND template = :template AND queued_at > clock_timestamp() - interval '1 hour'
    """
)
# It is sent after the subject's key was destroyed, so it cannot be sealed under that key.
_OUTLIVES_ITS_SUBJECT = Template.ERASED
_MESSAGE = """
    SELECT m.id, m.user_id, m.template, m.sealed, m.queued_at, CASE WHEN m.sealed_for_subject THEN k.wrapped END AS wrapped
    FROM messages m LEFT JOIN subject_keys k ON k.subject_id = m.user_id
    WHERE m.sealed IS NOT NULL AND (k.wrapped IS NOT NULL OR NOT m.sealed_for_subject)
"""
_WAITING = text(f"{_MESSAGE} AND m.id = :id AND m.delivered_at IS NULL AND m.failed_at IS NULL")
_DELIVERED = text(
    f"""{_MESSAGE} AND m.delivered_at IS NOT NULL
    AND (CAST(:email AS bytea) IS NULL OR m.recipient_index IN (:email, :phone))
    ORDER BY m.queued_at DESC, m.id DESC LIMIT :limit"""
)
# Finds a message's job by the queueing lock that delivery_queue.py gives it.
_LEFT_BEHIND = text(
    """
    SELECT m.id FROM messages m
    WHERE m.sealed IS NOT NULL AND m.delivered_at IS NULL AND m.failed_at IS NULL
        AND m.queued_at BETWEEN :since AND :until AND m.template = ANY(:notices)
        AND NOT EXISTS (
            SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = 'message:' || m.id AND j.status IN ('todo', 'doing')
        )
    ORDER BY m.queued_at, m.id LIMIT :limit
    """
)


class SqlMessageRepository:
    """`asked_from` is the source of an anonymous caller. Messages about changes of an account are also listed as notices."""

    def __init__(
        self,
        session: AsyncSession,
        vault: Vault,
        defer_delivery: DeferDelivery,
        *,
        notices: SqlNoticeRepository,
        asked_from: str | None = None,
    ) -> None:
        self._session = session
        self._vault = vault
        self._defer_delivery = defer_delivery
        self._notices = notices
        self._asked_from = asked_from

    async def send(self, user_id: UUID, template: Template, /, *, to: str | None = None, **facts: str | int) -> bool:
        subject = await self._subject(user_id)
        recipient = to or self._address(subject, template.channel)
        if recipient is None or (template.is_limited and await self._has_enough(user_id, template)):
            return False
        # Queue a message that must not be sent, too, so that the timing reveals nothing. The delivery drops it.
        leaves = to is not None or template.channel is not Channel.EMAIL or _takes_mail(subject, recipient)
        if subject and (own := OWN.get(template)):
            await self._notices.add_own(user_id, subject.wrapped, own, facts)
        wrapped = subject.wrapped if subject and template is not _OUTLIVES_ITS_SUBJECT else None
        template = template if leaves else Template.DECOY
        message_id = new_id()
        message = Message(
            id=message_id,
            user_id=user_id,
            template=template,
            recipient_index=message_sealing.recipient_index(self._vault, template, recipient),
            sealed=message_sealing.seal(self._vault, message_id, user_id, wrapped, recipient, facts),
            sealed_for_subject=wrapped is not None,
            asked_from=None if template.is_notice else self._asked_from,
        )
        self._session.add(message)
        await self._defer_delivery(self._session, message_id)
        return leaves

    async def lock(self, message_id: UUID) -> Message | None:
        query = select(Message).where(messages.c.id == message_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def queue(self, message_id: UUID) -> None:
        await self._defer_delivery(self._session, message_id)

    async def forget(self, user_id: UUID) -> None:
        held = (messages.c.user_id == user_id) & messages.c.sealed.is_not(None)
        await self._session.execute(update(messages).where(held).values(sealed=None, recipient_index=None, asked_from=None))

    async def _has_enough(self, user_id: UUID, template: Template) -> bool:
        """Return whether the account got the maximum of these notices within the hour. The audit log has every change."""
        await hold(self._session, Lock.NOTICES, user_id.bytes + template.encode())
        if await self._session.scalar(_NOTICES, {"user_id": user_id, "template": template.value}) < NOTICES_PER_HOUR_MAX:
            return False
        _WITHHELD.labels(template=template.value).inc()
        return True

    async def _subject(self, user_id: UUID) -> Any:
        query = (
            select(
                subject_keys.c.subject_id,
                subject_keys.c.wrapped,
                profiles.c.email,
                profiles.c.phone,
                profiles.c.email_as_given,
                users.c.email_verified_at,
            )
            .join(profiles, profiles.c.user_id == subject_keys.c.subject_id)
            .join(users, users.c.id == subject_keys.c.subject_id)
            .where(subject_keys.c.subject_id == user_id)
        )
        return (await self._session.execute(query)).one_or_none()

    def _address(self, subject: Any, channel: Channel) -> str | None:
        column = "phone" if channel is Channel.SMS else "email"
        sealed = getattr(subject, column, None)
        if sealed is None:
            return None
        sealer = self._vault.sealer_of(subject.subject_id, subject.wrapped)
        return sealer.open(sealed, field_context("profiles", column, str(subject.subject_id))).decode()


class SqlMessageViews(SealedReads):
    async def left_behind(self, since: datetime, until: datetime, *, limit: int) -> Sequence[UUID]:
        notices = [template.value for template in Template if template.is_notice]
        rows = await self._rows(_LEFT_BEHIND, since=since, until=until, notices=notices, limit=limit)
        return [row.id for row in rows]

    async def waiting_message(self, message_id: UUID) -> MessageContent | None:
        rows = await self._rows(_WAITING, id=message_id)
        return self._message(rows[0]) if rows else None

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        indexes = {
            "email": self._vault.email_index(recipient) if recipient else None,
            "phone": self._vault.phone_index(recipient) if recipient else None,
        }
        rows = await self._rows(_DELIVERED, **indexes, limit=limit)
        return [self._message(row) for row in rows]

    def _message(self, row: Any) -> MessageContent:
        opened = message_sealing.unseal(self._vault, row.id, row.user_id, row.wrapped, row.sealed)
        return MessageContent(row.id, row.user_id, Template(row.template), opened.to, opened.facts, row.queued_at)


def _takes_mail(subject: Any, email: str) -> bool:
    return takes_mail(email, as_given=subject.email_as_given, is_verified=subject.email_verified_at is not None)
