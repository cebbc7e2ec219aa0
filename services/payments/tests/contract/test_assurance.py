"""What each operation asks of its caller's sign-in."""

from chassis.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank


async def test_every_operation_asks_what_it_declares(bank: Bank, database: Database, clock: ControlledClock) -> None:
    assert await misjudged(bank.payments, ROUTERS, database, clock) == []
