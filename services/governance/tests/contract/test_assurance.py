"""What each operation asks of its caller's sign-in."""

from chassis.persistence.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from governance.application import Governance
from governance.interfaces.rest import ROUTERS


async def test_every_operation_asks_what_it_declares(governance: Governance, database: Database, clock: ControlledClock) -> None:
    assert await misjudged(governance, ROUTERS, database, clock) == []
