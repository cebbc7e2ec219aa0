"""Signing keys."""

from collections.abc import Sequence

from sqlalchemy import text

from identity.domain.signing_key import PUBLISHED_AFTER_RETIREMENT, SigningKey
from identity.infrastructure.queries.rows import SqlReads

_SIGNING_KEYS = text(
    """
    SELECT id, algorithm, public_jwk, sealed_private, created_at, activated_at, retired_at
    FROM signing_keys WHERE retired_at IS NULL OR retired_at > :since ORDER BY created_at, id
    """
)


class SqlKeyQueries(SqlReads):
    async def signing_keys(self) -> Sequence[SigningKey]:
        rows = await self._rows(_SIGNING_KEYS, {"since": self._clock.now() - PUBLISHED_AFTER_RETIREMENT})
        return [SigningKey(row.id, row.algorithm, row.public_jwk, bytes(row.sealed_private), *row[4:]) for row in rows]
