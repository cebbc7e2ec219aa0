"""The assurance that each operation requires."""

from chassis.persistence.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from governance.application import Governance
from governance.interfaces.rest import ROUTERS


async def test_every_operation_requires_the_assurance_that_it_declares(
    governance: Governance, database: Database, clock: ControlledClock
) -> None:
    assert await misjudged(governance, ROUTERS, database, clock) == []
