"""Identity as its callers meet it: REST by ASGI and gRPC in process, on a real database, with governance faked."""

from collections.abc import AsyncIterator

import pytest

from chassis.auth import TokenVerifier
from chassis.database import Database
from chassis.rpc import RpcServer, connect
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from elcorp.identity.v1 import identity_pb2_grpc
from identity.application import Identity
from identity.infrastructure.signing_keys import KeyRing
from identity.interfaces.grpc import rpc_services
from identity.interfaces.rest import ROUTERS, dev, jwks_router
from identity.settings import IdentitySettings
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.peers import PeerSettings, Stub

GRANTS = {"admin": ["user:read", "user:create", "user:update", "user:delete"], "staff": ["user:read"], "user": ["user:read"]}


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
        (*ROUTERS, dev, jwks_router(ring.jwks)),
        verifier=verifier,
        policies=permitting(GRANTS, clock),
        database=database,
        clock=clock,
        master_key=settings.key(),
        peer=("198.51.100.7", 4711),
    ) as client:
        yield Api(client)


@pytest.fixture
async def stub(identity: Identity) -> AsyncIterator[Stub]:
    """What a peer calls identity with."""
    server = RpcServer("127.0.0.1", 0, rpc_services(identity))
    await server.start()
    async with connect(PeerSettings(identity_target=f"dns:///127.0.0.1:{server.port}"), "identity") as channel:
        yield identity_pb2_grpc.IdentityServiceStub(channel)
    await server.stop(grace_seconds=1)
