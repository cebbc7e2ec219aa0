"""The assurance that each operation requires."""

from chassis.persistence.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from compliance.interfaces.rest import ROUTERS
from services.compliance.tests.contract.api import Api


async def test_every_operation_requires_the_assurance_that_it_declares(
    api: Api, database: Database, clock: ControlledClock
) -> None:
    assert await misjudged(api.compliance, ROUTERS, database, clock) == []
