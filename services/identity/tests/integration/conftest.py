from typing import Any
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.infrastructure.signing_keys import KeyRing, SealedKeyMaker
from identity.infrastructure.sql.views import SqlViews
from identity.infrastructure.vault import Vault
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.integration.registry import Registry, RegistryOf
from services.identity.tests.integration.storage import Storage, enrol_user
from services.identity.tests.stored import rows


@pytest.fixture
def storage(database: Database, settings: IdentitySettings, clock: ControlledClock) -> Storage:
    return Storage(unit_of_work(settings, database), SqlViews.of(database, Vault(settings.key()), clock))


@pytest.fixture
async def user_id(storage: Storage, clock: ControlledClock) -> UUID:
    return (await enrol_user(storage, clock)).user_id


@pytest.fixture
async def registry_of(
    settings: IdentitySettings, database: Database, ring: KeyRing, policies: Policies, clock: ControlledClock
) -> RegistryOf:
    """Make a registry in which a test may replace the usual settings and fakes; its tokens can be signed."""
    ring.load(await EnsureSigningKeys(unit_of_work(settings, database), SealedKeyMaker(settings.key()), clock)())

    [(begun,)] = await rows(database, "SELECT max(position) FROM outbox")

    def make(**changes: Any) -> Registry:
        usual = {"settings": settings, "database": database, "ring": ring, "policies": policies, "clock": clock, "begun": begun}
        return Registry(**{**usual, **changes})

    return make


@pytest.fixture
def registry(registry_of: RegistryOf) -> Registry:
    return registry_of()
