"""Links that undo a change of e-mail, and sealed beside each the address that it restores."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.domain.email_undo import EmailUndo
from identity.infrastructure.tables import email_undos, subject_keys
from identity.infrastructure.vault import Vault
from kernel.errors import NotFound

_of = email_undos.c


class SqlEmailUndos:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, undo: EmailUndo, email: str) -> None:
        sealed = self._vault.sealer_of(undo.user_id, await self._wrapped(undo.user_id)).seal(email.encode(), _context(undo.id))
        row = {
            name: getattr(undo, name)
            for name in ("id", "user_id", "digest", "created_at", "expires_at", "used_at", "from_known_device")
        }
        await self._session.execute(email_undos.insert().values(**row, email=sealed))

    async def lock(self, digest: bytes) -> tuple[EmailUndo, str] | None:
        undo = (await self._session.scalars(select(EmailUndo).where(_of.digest == digest).with_for_update())).one_or_none()
        if undo is None:
            return None
        sealed = await self._session.scalar(select(_of.email).where(_of.id == undo.id))
        sealer = self._vault.sealer_of(undo.user_id, await self._wrapped(undo.user_id))
        return undo, sealer.open(sealed or b"", _context(undo.id)).decode()

    async def void(self, user_id: UUID, *, created_since: datetime, at: datetime) -> None:
        later = (_of.user_id == user_id) & (_of.created_at >= created_since) & _of.used_at.is_(None)
        await self._session.execute(update(email_undos).where(later).values(used_at=at))

    async def open_until(self, user_id: UUID, *, at: datetime) -> datetime | None:
        is_open = (_of.user_id == user_id) & _of.used_at.is_(None) & (_of.expires_at > at)
        until: datetime | None = await self._session.scalar(select(func.max(_of.expires_at)).where(is_open))
        return until

    async def purge(self, expired_before: datetime) -> int:
        result = await self._session.execute(delete(email_undos).where(_of.expires_at < expired_before))
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount

    async def _wrapped(self, user_id: UUID) -> bytes:
        wrapped: bytes | None = await self._session.scalar(
            select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id)
        )
        if wrapped is None:
            raise NotFound(user_id=user_id)
        return wrapped


def _context(undo_id: UUID) -> bytes:
    return field_context("email_undos", "email", str(undo_id))
