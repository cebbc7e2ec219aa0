"""One-time codes, each with its sealed pending operation."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, LargeBinary, SmallInteger, Table, Uuid, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.application.ports.one_time_codes import Pending
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.vault import Vault

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", enum_text(Purpose), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("target_index", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("decoy", Boolean, nullable=False),
    Column("pending", LargeBinary),
    Column("created_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("sent_at", timestamp(), nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("sends", SmallInteger, nullable=False),
    Column("used_at", timestamp()),
)
# The vault seals and opens the pending operation.
mapper.map_imperatively(OneTimeCode, one_time_codes, exclude_properties=("pending",))

_of = one_time_codes.c


class SqlOneTimeCodes:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, code: OneTimeCode, pending: Pending) -> None:
        self._session.add(code)
        await self._session.flush()
        # Under the service's key, because the future user has none yet.
        sealed = self._vault.sealer_of(code.user_id, None).seal(json.dumps(dict(pending)).encode(), _context(code.id))
        await self._session.execute(update(one_time_codes).where(_of.id == code.id).values(pending=sealed))

    async def lock(self, code_id: UUID) -> tuple[OneTimeCode, Pending] | None:
        query = select(OneTimeCode).where(_of.id == code_id).with_for_update()
        code = (await self._session.scalars(query)).one_or_none()
        if code is None:
            return None
        sealed = await self._session.scalar(select(_of.pending).where(_of.id == code_id))
        return code, self._open(code, sealed)

    async def settle(self, code: OneTimeCode) -> None:
        await self._session.execute(update(one_time_codes).where(_of.id == code.id).values(pending=None))

    async def lock_sent(self, target_index: bytes, user_id: UUID, since: datetime) -> tuple[int, int]:
        await hold(self._session, Lock.ADDRESSES, target_index)
        await hold(self._session, Lock.SENDERS, user_id.bytes)
        to, by = _of.target_index == target_index, _of.user_id == user_id
        sends = [func.coalesce(func.sum(_of.sends).filter(which), 0) for which in (to, by)]
        row = (await self._session.execute(select(*sends).where(or_(to, by), _of.sent_at > since))).one()
        return int(row[0]), int(row[1])

    async def forget(self, user_id: UUID) -> int:
        return await self._delete(_of.user_id == user_id)

    async def purge(self, created_before: datetime) -> int:
        return await self._delete(_of.created_at < created_before)

    async def _delete(self, which: Any) -> int:
        deleted = await self._session.execute(delete(one_time_codes).where(which).returning(_of.id))
        return len(deleted.all())

    def _open(self, code: OneTimeCode, sealed: bytes | None) -> Pending:
        if sealed is None:
            return {}
        opened: dict[str, str | None] = json.loads(self._vault.sealer_of(code.user_id, None).open(sealed, _context(code.id)))
        return opened


def _context(code_id: UUID) -> bytes:
    return field_context("one_time_codes", "pending", str(code_id))
