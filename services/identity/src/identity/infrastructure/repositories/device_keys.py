"""Keys that devices sign with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.ports.device_keys import UsedProof
from identity.domain.device_key import DeviceKey
from identity.domain.errors import DeviceKeyKnown
from identity.infrastructure.tables import device_keys, used_device_proofs

_KNOWN: Final = "device_keys_public_key_key"


class SqlDeviceKeys:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: DeviceKey) -> None:
        # What the key replaces must be revoked first: SQLAlchemy inserts before it updates, and a device has one.
        await self._session.flush()
        self._session.add(key)
        try:
            await self._session.flush()
        except IntegrityError as error:
            if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == _KNOWN:
                raise DeviceKeyKnown from None
            raise

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
