"""Identity as its callers meet it: REST by ASGI and gRPC in process, on a real database, with governance faked."""

from collections.abc import AsyncIterator

import pytest

from chassis.auth import TokenVerifier
from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from identity.application import Identity
from identity.infrastructure.signing_keys import KeyRing
from identity.interfaces.rest import ROUTERS, jwks_router
from identity.settings import IdentitySettings
from services.identity.tests.contract.api import Api

GRANTS = {"admin": ["user:read", "user:create"], "staff": ["user:read"], "user": ["user:read"]}


@pytest.fixture
def verifier(settings: IdentitySettings, ring: KeyRing, clock: ControlledClock) -> TokenVerifier:
    return TokenVerifier(settings.token_issuer, settings.token_audience, ring, clock)


@pytest.fixture
async def api(
    identity: Identity,
    database: Database,
    ring: KeyRing,
    verifier: TokenVerifier,
    settings: IdentitySettings,
    clock: ControlledClock,
) -> AsyncIterator[Api]:
    async with rest_client(
        identity,
        (*ROUTERS, jwks_router(ring.jwks)),
        verifier=verifier,
        policies=permitting(GRANTS, clock),
        database=database,
        clock=clock,
        master_key=settings.key(),
        peer=("198.51.100.7", 4711),
    ) as client:
        yield Api(client)
