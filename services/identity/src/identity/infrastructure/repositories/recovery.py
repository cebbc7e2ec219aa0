"""Password resets and requests for recovery."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.password_reset import PasswordReset
from identity.domain.recovery_request import UNCONFIRMED_PER_HOUR_MAX, RecoveryRequest, RecoveryStatus
from identity.infrastructure.tables import password_resets, recovery_requests, required_resets


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


class SqlRecoveryRequests:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, request: RecoveryRequest) -> None:
        self._session.add(request)

    async def lock(self, request_id: UUID) -> RecoveryRequest | None:
        query = select(RecoveryRequest).where(recovery_requests.c.id == request_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

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


def _waits(user_id: UUID, at: datetime) -> ColumnElement[bool]:
    of = recovery_requests.c
    return and_(of.user_id == user_id, of.status == RecoveryStatus.PENDING, of.expires_at > at)
