"""The log's signing key: created once, sealed under the master key and shared by all processes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import Sealer, SealerRing, SigningKey, UnsealableError, field_context
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.process_settings import SettingRefused
from compliance.application.ports.audit import StoredKey
from compliance.domain.checkpoint import VerifierKey
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from kernel.actor import Actor
from kernel.audit import Audited
from kernel.clock import Clock

# If several processes start together, one creates the key and the others read it.
_ONE_MAKES = text("SELECT pg_advisory_xact_lock(hashtextextended('log_keys', 0))")
_FIND = text("SELECT sealed_seed FROM log_keys WHERE name = :name")
_OTHER = text("SELECT name FROM log_keys ORDER BY created_at LIMIT 1")
_ADD = text("INSERT INTO log_keys (name, public_key, sealed_seed) VALUES (:name, :public_key, :sealed_seed)")

LOG_KEY: Final = Audited[VerifierKey](
    action="compliance.log_key",
    resource_type="log_key",
    state=lambda key: {"key": key.text},
    id_of=lambda key: key.name,
)


@dataclass(frozen=True, slots=True)
class Ed25519LogSigner:
    key: VerifierKey
    sign: Callable[[bytes], bytes]

    @classmethod
    async def load(cls, uow: SqlUnitOfWork[SqlComplianceTransaction], master_key: bytes, clock: Clock, *, origin: str) -> Self:
        """Read the key of the log `origin`. If there is none, create it and record that in the log.

        Raises SettingRefused if another master key sealed it, or if the database's log has another name: verifiers would mistake
        this one for a second log.
        """
        sealer, context = Sealer(master_key), _context(origin)
        async with uow.begin(Actor.service("compliance")) as tx:
            await tx.session.execute(_ONE_MAKES)
            sealed = await tx.session.scalar(_FIND, {"name": origin})
            if sealed is None:
                if stored := await tx.session.scalar(_OTHER):
                    raise SettingRefused(
                        f"ELCORP_LOG_ORIGIN is {origin!r}, but the log in the database is {stored!r}; "
                        "the name of a log never changes"
                    )
                made = SigningKey.generate()
                sealed = sealer.seal(bytes(made), context)
                key = VerifierKey(origin, made.public_bytes)
                await _add(tx.session, key, sealed)
                tx.create(LOG_KEY, key, at=clock.now(), reason="the log had no key")
        try:
            signing = SigningKey.from_bytes(sealer.open(bytes(sealed), context))
        except UnsealableError:
            raise SettingRefused(
                f"ELCORP_MASTER_KEY does not open the signing key of the log {origin}: set the key that sealed it"
            ) from None
        return cls(VerifierKey(origin, signing.public_bytes), signing.sign)


def unseal(*master_keys: bytes) -> Callable[[StoredKey], bytes | None]:
    """Return a function that opens a sealed signing key, and returns its public key. It returns None if it cannot open it."""
    sealer = SealerRing(*master_keys)

    def opened(stored: StoredKey) -> bytes | None:
        try:
            return SigningKey.from_bytes(sealer.open(stored.sealed_seed, _context(stored.name))).public_bytes
        except (UnsealableError, ValueError):
            return None

    return opened


def _context(origin: str) -> bytes:
    return field_context("log_keys", "sealed_seed", origin)


async def _add(session: AsyncSession, key: VerifierKey, sealed: bytes) -> None:
    await session.execute(_ADD, {"name": key.name, "public_key": key.public_key, "sealed_seed": sealed})
