from collections.abc import AsyncIterator

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from services.payments.tests.contract.bank import Bank, Holder, open_bank


@pytest.fixture
async def bank(database: Database, clock: ControlledClock) -> AsyncIterator[Bank]:
    async with open_bank(database, clock) as bank:
        yield bank


@pytest.fixture
async def payer(bank: Bank) -> Holder:
    return await bank.holder("1000.00")


@pytest.fixture
async def payee(bank: Bank) -> Holder:
    return await bank.holder()
