"""The keys that sign access tokens."""

from collections.abc import Sequence

from sqlalchemy import Column, LargeBinary, Table, Text, Uuid, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database
from identity.domain.signing_key import PUBLISHED_AFTER_RETIREMENT, SigningKey
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.vault import Vault
from kernel.clock import Clock

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column("sealed_private", LargeBinary, nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("activated_at", timestamp()),
    Column("retired_at", timestamp()),
)
mapper.map_imperatively(SigningKey, signing_keys)

_LOCK_SIGNING_KEYS = text("SELECT pg_advisory_xact_lock(2, 0)")
_SIGNING_KEYS = text(
    """
    SELECT id, algorithm, public_jwk, sealed_private, created_at, activated_at, retired_at
    FROM signing_keys WHERE retired_at IS NULL OR retired_at > :since ORDER BY created_at, id
    """
)


class SqlSigningKeyRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_all(self) -> Sequence[SigningKey]:
        await self._session.execute(_LOCK_SIGNING_KEYS)
        return (await self._session.scalars(select(SigningKey).order_by(signing_keys.c.created_at, signing_keys.c.id))).all()

    def add(self, key: SigningKey) -> None:
        self._session.add(key)

    async def remove(self, key: SigningKey) -> None:
        await self._session.delete(key)


class SqlSigningKeyViews(SealedReads):
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        super().__init__(database, vault)
        self._clock = clock

    async def signing_keys(self) -> Sequence[SigningKey]:
        rows = await self._rows(_SIGNING_KEYS, since=self._clock.now() - PUBLISHED_AFTER_RETIREMENT)
        return [SigningKey(row.id, row.algorithm, row.public_jwk, bytes(row.sealed_private), *row[4:]) for row in rows]
