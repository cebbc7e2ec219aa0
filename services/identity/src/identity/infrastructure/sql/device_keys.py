"""The signing keys of devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, CursorResult, ForeignKey, LargeBinary, Table, Uuid, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.device_keys.views import DeviceKeyView
from identity.application.ports.device_keys import UsedProof
from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason
from identity.domain.errors import DeviceKeyKnown
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.unique_constraints import refuse_duplicates
from identity.infrastructure.sql.users import users
from kernel.pages import Page, PageRequest

device_keys = Table(
    "device_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("algorithm", enum_text(KeyAlgorithm), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("registered_at", timestamp(), nullable=False),
    Column("revoked_at", timestamp()),
    Column("revoke_reason", enum_text(RevokeReason)),
)
used_device_proofs = Table(
    "used_device_proofs",
    metadata,
    Column("key_id", ForeignKey(device_keys.c.id), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", timestamp(), nullable=False),
)
mapper.map_imperatively(DeviceKey, device_keys)

_KEY = """
    SELECT k.id, k.user_id, k.device_id, k.algorithm, k.public_key, k.registered_at, k.revoked_at, k.revoke_reason,
           k.revoked_at IS NULL AND u.status = 'active' AS is_active, count(*) OVER () AS total
    FROM device_keys k JOIN users u ON u.id = k.user_id
"""
_KEY_BY_ID = text(f"{_KEY} WHERE k.id = :id")
_KEYS = text(f"{_KEY} WHERE k.user_id = :user_id ORDER BY k.registered_at DESC, k.id DESC LIMIT :limit OFFSET :offset")


class SqlDeviceKeyRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: DeviceKey) -> None:
        # The replaced key must be revoked first: SQLAlchemy inserts before it updates, and a device has one live key.
        await self._session.flush()
        self._session.add(key)
        with refuse_duplicates(DeviceKeyKnown, "device_keys_public_key_key"):
            await self._session.flush()

    async def lock(self, key_id: UUID) -> DeviceKey | None:
        query = select(DeviceKey).where(device_keys.c.id == key_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def lock_live(self, user_id: UUID, *, device_id: UUID | None = None) -> Sequence[DeviceKey]:
        query = select(DeviceKey).where(device_keys.c.user_id == user_id, device_keys.c.revoked_at.is_(None))
        if device_id:
            query = query.where(device_keys.c.device_id == device_id)
        return (await self._session.scalars(query.order_by(device_keys.c.id).with_for_update())).all()

    async def use_proof(self, key_id: UUID, proof: UsedProof) -> bool:
        used = insert(used_device_proofs).values(key_id=key_id, digest=proof.digest, expires_at=proof.expires_at)
        return await self._session.scalar(used.on_conflict_do_nothing().returning(used_device_proofs.c.key_id)) is not None

    async def purge_proofs(self, *, at: datetime) -> int:
        result = await self._session.execute(delete(used_device_proofs).where(used_device_proofs.c.expires_at <= at))
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount


class SqlDeviceKeyViews(SealedReads):
    async def device_key(self, key_id: UUID) -> DeviceKeyView | None:
        rows = await self._rows(_KEY_BY_ID, id=key_id)
        return _view(rows[0]) if rows else None

    async def device_keys_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceKeyView]:
        return (await self._page(_KEYS, page, user_id=user_id)).map(_view)


def _view(row: Any) -> DeviceKeyView:
    return DeviceKeyView(
        id=row.id,
        user_id=row.user_id,
        device_id=row.device_id,
        algorithm=KeyAlgorithm(row.algorithm),
        public_key=bytes(row.public_key),
        registered_at=row.registered_at,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
        is_active=row.is_active,
    )
