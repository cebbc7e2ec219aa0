"""Names of devices and passkeys, sealed in the columns that hold them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.infrastructure.tables import subject_keys
from identity.infrastructure.vault import Vault
from kernel.errors import NotFound


class SqlNames:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def seal(self, user_id: UUID, thing_id: UUID, name: str) -> str:
        return self._vault.seal_thing(user_id, await self._wrapped(user_id), thing_id, name)

    async def open(self, user_id: UUID, thing_id: UUID, sealed: str) -> str:
        return self._vault.open_thing(user_id, await self._wrapped(user_id), thing_id, sealed)

    async def _wrapped(self, user_id: UUID) -> bytes:
        query = select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id)
        wrapped: bytes | None = await self._session.scalar(query)
        if wrapped is None:
            raise NotFound(user_id=user_id)
        return wrapped
