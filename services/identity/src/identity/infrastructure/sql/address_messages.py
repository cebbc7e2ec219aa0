"""Messages to addresses without an account."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, Table, Text, Uuid, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.application.ports.address_messages import AddressedText, DeliveredText
from identity.domain.address_message import HELD_FOR, AddressMessage
from identity.domain.email_address import canonical_email
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.messages import DeferDelivery
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.vault import Vault
from kernel.ids import new_id

address_messages = Table(
    "address_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("caller", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("template", Text, nullable=False),
    Column("wrapped", LargeBinary),
    Column("sealed", LargeBinary),
    Column("queued_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("delivered_at", timestamp()),
    Column("failed_at", timestamp()),
    Column("to_digest", LargeBinary),
)
mapper.map_imperatively(AddressMessage, address_messages)

_EXPIRED = text("SELECT id FROM address_messages WHERE sealed IS NOT NULL AND expires_at <= :at ORDER BY expires_at LIMIT :limit")
# Finds a message's job by the queueing lock that delivery_queue.py gives it.
_LEFT = text(
    """
    SELECT m.id FROM address_messages m
    WHERE m.sealed IS NOT NULL AND m.delivered_at IS NULL AND m.queued_at < :before AND NOT EXISTS (
        SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = 'address_message:' || m.id AND j.status IN ('todo', 'doing')
    )
    ORDER BY m.queued_at LIMIT :limit
    """
)


# Only a local environment has any: nothing finds their recipients but opening them.
_DELIVERED = text(
    """
    SELECT id, template, wrapped, sealed, queued_at FROM address_messages WHERE sealed IS NOT NULL AND delivered_at IS NOT NULL
    ORDER BY queued_at DESC LIMIT :limit
    """
)


class SqlAddressMessages:
    def __init__(self, session: AsyncSession, vault: Vault, defer_delivery: DeferDelivery) -> None:
        self._session = session
        self._vault = vault
        self._defer_delivery = defer_delivery

    def seal(self, caller: str, key: str, template: str, content: AddressedText, *, at: datetime) -> AddressMessage:
        message_id = new_id()
        plain = json.dumps(asdict(content), sort_keys=True)
        wrapped = self._vault.new_key(message_id)
        return AddressMessage(
            id=message_id,
            caller=caller,
            key=key,
            digest=self._vault.address_message_digest(f"{template}\n{plain}"),
            template=template,
            wrapped=wrapped,
            sealed=self._vault.sealer_of(message_id, wrapped).seal(plain.encode(), _context(message_id)),
            queued_at=at,
            expires_at=at + HELD_FOR,
            to_digest=self._vault.address_message_digest(f"to\n{canonical_email(content.to)}"),
        )

    def open(self, message: AddressMessage) -> AddressedText:
        return _opened(self._vault, message)

    async def add(self, message: AddressMessage) -> AddressMessage:
        # A concurrent message with the same key is waited for.
        await hold(self._session, Lock.ADDRESS_MESSAGES, f"{message.caller}\n{message.key}".encode())
        of = address_messages.c
        query = select(AddressMessage).where(of.caller == message.caller, of.key == message.key)
        if earlier := (await self._session.scalars(query)).one_or_none():
            return earlier
        self._session.add(message)
        await self.queue(message.id)
        return message

    async def lock(self, message_id: UUID) -> AddressMessage | None:
        query = select(AddressMessage).where(address_messages.c.id == message_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def count_to_same(self, message: AddressMessage, *, since: datetime) -> int:
        await self._session.flush()
        await hold(self._session, Lock.ADDRESS_MESSAGES, message.to_digest or b"")
        of = address_messages.c
        query = select(func.count()).where(of.to_digest == message.to_digest, of.queued_at > since)
        return int(await self._session.scalar(query) or 0)

    async def queue(self, message_id: UUID) -> None:
        await self._defer_delivery(self._session, message_id)

    async def purge(self, before: datetime, *, limit: int) -> int:
        of = address_messages.c
        old = select(of.id).where(of.queued_at < before, of.sealed.is_(None)).order_by(of.queued_at).limit(limit)
        return len((await self._session.scalars(delete(address_messages).where(of.id.in_(old)).returning(of.id))).all())


class SqlAddressMessageViews(SealedReads):
    async def expired_address_messages(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_EXPIRED, at=at, limit=limit)]

    async def left_address_messages(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_LEFT, before=before, limit=limit)]

    async def delivered_to_addresses(self, recipient: str | None, limit: int) -> Sequence[DeliveredText]:
        rows = await self._rows(_DELIVERED, limit=limit)
        found = [DeliveredText(row.id, row.template, _opened(self._vault, row), row.queued_at) for row in rows]
        return [each for each in found if recipient is None or each.content.to == recipient]


def _opened(vault: Vault, row: Any) -> AddressedText:
    opened = vault.sealer_of(row.id, row.wrapped).open(row.sealed or b"", _context(row.id))
    return AddressedText(**json.loads(opened))


def _context(message_id: UUID) -> bytes:
    return field_context("address_messages", "sealed", str(message_id))
