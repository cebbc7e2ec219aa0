"""Wire identity for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.ports.permissions import Permissions
from identity.infrastructure.signing_keys import KeyRing
from identity.settings import IdentitySettings
from identity.wiring.adapters import hashing
from identity.wiring.dependencies import Dependencies
from identity.wiring.use_cases import build
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import CODE

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


@asynccontextmanager
async def assembled(
    settings: IdentitySettings,
    database: Database,
    ring: KeyRing,
    fakes: Fakes,
    permissions: Permissions,
    clock: ControlledClock,
) -> AsyncIterator[Identity]:
    """Identity's use cases on a real database, with real hashes, tokens and keys."""
    passwords = hashing(settings)
    given = Dependencies(
        settings=settings,
        database=database,
        ring=ring,
        passwords=passwords,
        roles=fakes.roles,
        authority=fakes.authority,
        attempts=fakes.attempts,
        revocations=fakes.revocations,
        permissions=permissions,
        clock=clock,
        generate_code=lambda: CODE,
    )
    identity = build(given)
    ring.load(await identity.signing_keys.ensure_signing_keys())
    yield identity
    passwords.close()
