"""Names of devices and passkeys, sealed in their columns."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from identity.infrastructure.sql.subject_keys import wrapped_key
from identity.infrastructure.vault import Vault


class SqlSealedNames:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def seal(self, user_id: UUID, item_id: UUID, name: str) -> str:
        return self._vault.seal_item_name(user_id, await wrapped_key(self._session, user_id), item_id, name)

    async def open(self, user_id: UUID, item_id: UUID, sealed: str) -> str:
        return self._vault.open_item_name(user_id, await wrapped_key(self._session, user_id), item_id, sealed)
