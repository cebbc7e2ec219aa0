"""Messages, opened."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.messages.queries import MessageContent
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


class SqlMessageQueries(SqlReads):
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
