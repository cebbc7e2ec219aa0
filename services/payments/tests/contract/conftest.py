from collections.abc import AsyncIterator

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from services.payments.tests.contract.bank import Bank, open_bank


@pytest.fixture
async def bank(database: Database, clock: ControlledClock) -> AsyncIterator[Bank]:
    async with open_bank(database, clock) as bank:
        yield bank
