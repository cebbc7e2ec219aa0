"""Identity as its callers meet it: REST by ASGI and gRPC in process, on a real database, with governance faked."""

from collections.abc import AsyncIterator

import httpx
import pytest

from chassis.auth import SubjectRoles, TokenVerifier
from chassis.database import Database
from chassis.health import Readiness
from chassis.rest import IdempotencyStore, create_app
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
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
    app = create_app(
        title="Elcorp identity",
        application=identity,
        routers=(*ROUTERS, jwks_router(ring.jwks)),
        verifier=verifier,
        policies=permitting(GRANTS, clock),
        subject_roles=SubjectRoles(clock),
        idempotency=IdempotencyStore(database, clock, master_key=settings.key()),
        readiness=Readiness(),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("198.51.100.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://identity") as client:
        yield Api(client)
