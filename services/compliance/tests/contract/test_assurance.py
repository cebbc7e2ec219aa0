"""What each operation asks of its caller's sign-in."""

from chassis.persistence.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from compliance.interfaces.rest import ROUTERS
from services.compliance.tests.contract.api import Api


async def test_every_operation_asks_what_it_declares(api: Api, database: Database, clock: ControlledClock) -> None:
    assert await misjudged(api.compliance, ROUTERS, database, clock) == []
