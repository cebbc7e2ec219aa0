from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.infrastructure.sql.views import SqlViews
from identity.infrastructure.vault import Vault
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.integration.storage import Storage, enrol_user


@pytest.fixture
def storage(database: Database, settings: IdentitySettings, clock: ControlledClock) -> Storage:
    return Storage(unit_of_work(settings, database), SqlViews.of(database, Vault(settings.key()), clock))


@pytest.fixture
async def user_id(storage: Storage, clock: ControlledClock) -> UUID:
    return (await enrol_user(storage, clock)).user_id
