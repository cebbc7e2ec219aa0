from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.queries import IdentityQueries
from identity.bootstrap import unit_of_work
from identity.infrastructure.queries import SqlIdentityQueries
from identity.infrastructure.vault import Vault
from identity.settings import IdentitySettings
from kernel.actor import Actor
from services.identity.tests.fakes import FakeQueries, FakeUnitOfWork


class AnyUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Any]: ...


@dataclass
class Storage:
    """Where the repositories' suite runs: in memory, or on PostgreSQL."""

    uow: AnyUnitOfWork
    queries: IdentityQueries


@pytest.fixture
def fake_storage() -> Storage:
    uow = FakeUnitOfWork()
    return Storage(uow, FakeQueries(uow))


@pytest.fixture
def sql_storage(database: Database, settings: IdentitySettings, clock: ControlledClock) -> Storage:
    return Storage(unit_of_work(settings, database), SqlIdentityQueries(database, Vault(settings.key()), clock))


@pytest.fixture(params=["fake", "sql"])
def storage(request: pytest.FixtureRequest) -> Storage:
    storage: Storage = request.getfixturevalue(f"{request.param}_storage")
    return storage
