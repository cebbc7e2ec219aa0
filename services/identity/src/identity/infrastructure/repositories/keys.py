"""Signing keys."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.signing_key import SigningKey
from identity.infrastructure.tables import signing_keys

_LOCK_SIGNING_KEYS = text("SELECT pg_advisory_xact_lock(2, 0)")


class SqlSigningKeys:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_all(self) -> Sequence[SigningKey]:
        await self._session.execute(_LOCK_SIGNING_KEYS)
        return (await self._session.scalars(select(SigningKey).order_by(signing_keys.c.created_at, signing_keys.c.id))).all()

    def add(self, key: SigningKey) -> None:
        self._session.add(key)

    async def remove(self, key: SigningKey) -> None:
        await self._session.delete(key)
