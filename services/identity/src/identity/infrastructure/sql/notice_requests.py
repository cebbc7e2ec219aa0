"""Requested notices, until everyone is informed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text, Uuid, delete, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from identity.domain.notice_request import NoticeRequest
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata
from identity.infrastructure.sql.messages import DeferDelivery
from kernel.actor import Actor
from kernel.notices import RecipientKind, Urgency

notice_requests = Table(
    "notice_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("producer", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("template", Text, nullable=False),
    Column("recipient_kind", enum_text(RecipientKind), nullable=False),
    Column("recipient_reference", Text, nullable=False),
    Column("urgency", enum_text(Urgency), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("facts", JSONB(none_as_null=True)),
    Column("informed_up_to", Uuid),
    Column("informed", Integer, nullable=False),
    Column("completed_at", DateTime(timezone=True)),
    Column("failure", Text),
)
mapper.map_imperatively(NoticeRequest, notice_requests)


class SqlNoticeRequests:
    def __init__(self, session: AsyncSession, defer_fan_out: DeferDelivery) -> None:
        self._session = session
        self._defer_fan_out = defer_fan_out

    async def add(self, request: NoticeRequest) -> NoticeRequest:
        # A concurrent request with the same key is waited for.
        await hold(self._session, Lock.NOTICE_REQUESTS, f"{request.producer}\n{request.key}".encode())
        of = notice_requests.c
        query = select(NoticeRequest).where(of.producer == request.producer, of.key == request.key)
        if earlier := (await self._session.scalars(query)).one_or_none():
            return earlier
        self._session.add(request)
        await self.queue(request.id)
        return request

    async def lock(self, request_id: UUID) -> NoticeRequest | None:
        query = select(NoticeRequest).where(notice_requests.c.id == request_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def queue(self, request_id: UUID) -> None:
        await self._defer_fan_out(self._session, request_id)

    async def purge(self, before: datetime, *, limit: int) -> int:
        of = notice_requests.c
        old = select(of.id).where(of.completed_at < before).order_by(of.completed_at).limit(limit)
        return len((await self._session.scalars(delete(notice_requests).where(of.id.in_(old)).returning(of.id))).all())


class SqlNoticeRequestTransaction(SqlTransaction):
    """The transaction of requests in a process without the master key."""

    def __init__(self, session: AsyncSession, actor: Actor, *, defer_fan_out: DeferDelivery) -> None:
        super().__init__(session, actor)
        self.notice_requests = SqlNoticeRequests(session, defer_fan_out)
