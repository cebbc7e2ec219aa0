"""The log's signing key: made once, sealed under the master key, the same for every process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sqlalchemy import text

from chassis.crypto import Sealer, SigningKey, field_context
from chassis.database import Database
from compliance.domain.checkpoint import VerifierKey

_FIND = text("SELECT sealed_seed FROM log_keys WHERE name = :name")
# Of two processes that start together one wins, and both read the winner's.
_ADD = text(
    "INSERT INTO log_keys (name, public_key, sealed_seed) VALUES (:name, :public_key, :sealed_seed) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Ed25519LogSigner:
    key: VerifierKey
    sign: Callable[[bytes], bytes]

    @classmethod
    async def load(cls, database: Database, master_key: bytes, *, origin: str) -> Self:
        """Read the key of the log called `origin`, making it when there is none."""
        sealer, context = Sealer(master_key), field_context("log_keys", "sealed_seed", origin)
        made = SigningKey.generate()
        async with database.engine.begin() as connection:
            if not await connection.scalar(_FIND, {"name": origin}):
                sealed = sealer.seal(bytes(made), context)
                await connection.execute(_ADD, {"name": origin, "public_key": made.public_bytes, "sealed_seed": sealed})
        async with database.read() as connection:
            stored = await connection.scalar(_FIND, {"name": origin})
        signing = SigningKey.from_bytes(sealer.open(bytes(stored), context))
        return cls(VerifierKey(origin, signing.public_bytes), signing.sign)
