"""Recovery requests, and the links that undo a change of e-mail address."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    CursorResult,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.application.recovery.views import RecoveryView
from identity.domain.email_undo import EmailUndo
from identity.domain.recovery_request import UNCONFIRMED_PER_HOUR_MAX, RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.subject_keys import wrapped_key
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault
from kernel.pages import Page, PageRequest

recovery_requests = Table(
    "recovery_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("reason", enum_text(RecoveryReason), nullable=False),
    Column("status", enum_text(RecoveryStatus), nullable=False),
    Column("requested_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("decided_at", timestamp()),
    Column("decided_by", Uuid),
    Column("decision_reason", Text),
    Column("triggered_by", ARRAY(Uuid, as_tuple=True), nullable=False),
    Column("device_id", Uuid),
    Column("confirmed_at", timestamp()),
)
email_undos = Table(
    "email_undos",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("email", LargeBinary, nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("used_at", timestamp()),
    Column("from_known_device", Boolean, nullable=False),
)
mapper.map_imperatively(RecoveryRequest, recovery_requests)
# The vault seals and opens the address.
mapper.map_imperatively(EmailUndo, email_undos, exclude_properties=("email",))

_REQUESTS = text(
    """
    SELECT id, user_id, reason, status, requested_at, expires_at, decided_at, decided_by, decision_reason, confirmed_at,
           count(*) OVER () AS total
    FROM recovery_requests
    WHERE (CAST(:status AS text) IS NULL OR status = :status)
      AND (CAST(:confirmed AS boolean) IS NULL OR (confirmed_at IS NOT NULL) = :confirmed)
    ORDER BY requested_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)


class SqlRecoveryRequests:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, request: RecoveryRequest) -> None:
        self._session.add(request)

    async def lock(self, request_id: UUID) -> RecoveryRequest | None:
        query = select(RecoveryRequest).where(recovery_requests.c.id == request_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def owner_of(self, request_id: UUID) -> UUID | None:
        owner: UUID | None = await self._session.scalar(
            select(recovery_requests.c.user_id).where(recovery_requests.c.id == request_id)
        )
        return owner

    async def waiting_of(self, user_id: UUID, *, at: datetime) -> RecoveryRequest | None:
        query = select(RecoveryRequest).where(_waits(user_id, at), recovery_requests.c.confirmed_at.is_not(None))
        return (await self._session.scalars(query)).first()

    async def unconfirmed_since(self, user_id: UUID, since: datetime, *, at: datetime) -> Sequence[datetime]:
        of = recovery_requests.c
        query = select(of.requested_at).where(_waits(user_id, at), of.confirmed_at.is_(None), of.requested_at > since)
        return (await self._session.scalars(query.order_by(of.requested_at.desc()).limit(UNCONFIRMED_PER_HOUR_MAX))).all()

    async def void(self, user_id: UUID, *, at: datetime, unconfirmed_only: bool = False) -> Sequence[UUID]:
        which = _waits(user_id, at)
        if unconfirmed_only:
            which &= recovery_requests.c.confirmed_at.is_(None)
        ending = update(recovery_requests).where(which).values(expires_at=at).returning(recovery_requests.c.id)
        return (await self._session.scalars(ending)).all()


class SqlEmailUndos:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, undo: EmailUndo, email: str) -> None:
        sealed = self._vault.sealer_of(undo.user_id, await wrapped_key(self._session, undo.user_id)).seal(
            email.encode(), _undo_context(undo.id)
        )
        row = {
            name: getattr(undo, name)
            for name in ("id", "user_id", "digest", "created_at", "expires_at", "used_at", "from_known_device")
        }
        await self._session.execute(email_undos.insert().values(**row, email=sealed))

    async def lock(self, digest: bytes) -> tuple[EmailUndo, str] | None:
        undo = (
            await self._session.scalars(select(EmailUndo).where(email_undos.c.digest == digest).with_for_update())
        ).one_or_none()
        if undo is None:
            return None
        sealed = await self._session.scalar(select(email_undos.c.email).where(email_undos.c.id == undo.id))
        sealer = self._vault.sealer_of(undo.user_id, await wrapped_key(self._session, undo.user_id))
        return undo, sealer.open(sealed or b"", _undo_context(undo.id)).decode()

    async def void(self, user_id: UUID, *, created_since: datetime, at: datetime) -> None:
        later = (email_undos.c.user_id == user_id) & (email_undos.c.created_at >= created_since) & email_undos.c.used_at.is_(None)
        await self._session.execute(update(email_undos).where(later).values(used_at=at))

    async def open_until(self, user_id: UUID, *, at: datetime) -> datetime | None:
        is_open = (email_undos.c.user_id == user_id) & email_undos.c.used_at.is_(None) & (email_undos.c.expires_at > at)
        until: datetime | None = await self._session.scalar(select(func.max(email_undos.c.expires_at)).where(is_open))
        return until

    async def purge(self, expired_before: datetime) -> int:
        result = await self._session.execute(delete(email_undos).where(email_undos.c.expires_at < expired_before))
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount


class SqlRecoveryViews(SealedReads):
    async def recovery_requests(
        self, status: str | None, page: PageRequest, *, confirmed: bool | None = None
    ) -> Page[RecoveryView]:
        return (await self._page(_REQUESTS, page, status=status, confirmed=confirmed)).map(lambda row: RecoveryView(*row[:-1]))


def _waits(user_id: UUID, at: datetime) -> ColumnElement[bool]:
    of = recovery_requests.c
    return and_(of.user_id == user_id, of.status == RecoveryStatus.PENDING, of.expires_at > at)


def _undo_context(undo_id: UUID) -> bytes:
    return field_context("email_undos", "email", str(undo_id))
