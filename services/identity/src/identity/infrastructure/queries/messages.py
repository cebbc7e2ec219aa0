"""Messages, opened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.messages.views import MessageContent
from identity.domain.message import Template
from identity.infrastructure import letters
from identity.infrastructure.queries.rows import SqlReads

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


class SqlMessageQueries(SqlReads):
    async def left_behind(self, since: datetime, until: datetime, *, limit: int) -> Sequence[UUID]:
        notices = [template.value for template in Template if template.is_notice]
        rows = await self._rows(_LEFT_BEHIND, {"since": since, "until": until, "notices": notices, "limit": limit})
        return [row.id for row in rows]

    async def waiting_message(self, message_id: UUID) -> MessageContent | None:
        rows = await self._rows(_WAITING, {"id": message_id})
        return self._message(rows[0]) if rows else None

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        indexes = {
            "email": self._vault.email_index(recipient) if recipient else None,
            "phone": self._vault.phone_index(recipient) if recipient else None,
        }
        rows = await self._rows(_DELIVERED, {**indexes, "limit": limit})
        return [self._message(row) for row in rows]

    def _message(self, row: Any) -> MessageContent:
        opened = letters.unseal(self._vault, row.id, row.user_id, row.wrapped, row.sealed)
        return MessageContent(row.id, row.user_id, Template(row.template), opened.to, opened.facts, row.queued_at)
