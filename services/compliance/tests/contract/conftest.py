"""Fixtures: compliance's REST (by ASGI) and gRPC APIs in this process, on a real database."""

from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from compliance import wiring
from compliance.interfaces.rest import ROUTERS
from services.compliance.tests.contract.api import Api
from services.compliance.tests.contract.journals import Journals, Numbered
from services.compliance.tests.fakes.log_signer import Signer

GRANTS = {"admin": ["audit:view", "policy:manage"], "auditor": ["audit:view"], "user": ["payment:create"]}


@pytest.fixture
async def api(database: Database, clock: ControlledClock) -> AsyncIterator[Api]:
    forge = TokenForge(clock)
    compliance = wiring.use_cases(database=database, signer=Signer(), clock=clock)
    async with rest_client(
        compliance, ROUTERS, verifier=forge.verifier(), policies=permitting(GRANTS, clock), database=database, clock=clock
    ) as client:
        yield Api(client, compliance, forge, database)


@pytest.fixture
async def journals(api: Api, database: Database, clock: ControlledClock) -> Journals:
    """Of payments, three facts are missing; of identity, none was recorded."""
    payments, identity = Numbered(3), Numbered(0)
    both = {"payments": payments, "identity": identity}
    reconcile = wiring.reconcile_producer(database=database, journals=both, clock=clock, grace_seconds=30)
    for seconds in (0, 10, 10, 10):
        clock.advance(seconds=seconds)
        for producer in both:
            await reconcile(producer=producer)
    return Journals(payments, identity, reconcile)
