"""Identity as its callers use it: REST by ASGI and gRPC in process, on a real database, with governance faked."""

from collections.abc import AsyncIterator

import pytest

from chassis.auth import TokenVerifier
from chassis.auth.revocations import Revocations
from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.rpc import RpcServer, connect
from chassis.testing.callers import also_name
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls, Seed
from chassis.testing.rest import rest_client
from elcorp.identity.v1 import identity_pb2_grpc
from identity.application import Identity
from identity.application.erasures.carry_out_erasures import CarryOutErasures
from identity.infrastructure.signing_keys import KeyRing, SealedKeyMaker
from identity.interfaces.grpc import rpc_services
from identity.interfaces.rest import ROUTERS, dev, jwks_router
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.assembled import VERSIONS, assembled
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.erasures import ErasureSteps
from services.identity.tests.contract.notice_steps import NoticeSteps
from services.identity.tests.contract.peers import PeerSettings, Stub
from services.identity.tests.contract.witness import Witness
from services.identity.tests.fakes import Fakes
from services.identity.tests.fakes.recipients import FakeRecipients
from services.identity.tests.stored import views_of


@pytest.fixture(scope="session")
def with_keys(usual_settings: IdentitySettings) -> Seed:
    """Create the signing keys before every contract test."""

    async def make_keys(urls: DatabaseUrls) -> None:
        database, clock, fakes = Database.connect(urls.app, pool_size=1), ControlledClock(), Fakes()
        ring, policies = KeyRing(SealedKeyMaker(usual_settings.key()), clock), Policies(clock)
        async with assembled(usual_settings, database, ring, fakes, policies, clock):
            await database.close()

    return make_keys


@pytest.fixture
async def database_urls(databases: Databases, with_keys: Seed) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("identity", VERSIONS, seed=with_keys) as urls:
        yield urls


@pytest.fixture
def verifier(settings: IdentitySettings, ring: KeyRing, clock: ControlledClock) -> TokenVerifier:
    return TokenVerifier(settings.token_issuer, settings.token_audience, ring, clock)


@pytest.fixture
async def witness(databases: Databases, database_urls: DatabaseUrls, fakes: Fakes) -> AsyncIterator[Witness]:
    async with databases.connect(database_urls.owner, pool_size=2) as owner:
        yield Witness(owner, fakes.revocations)


@pytest.fixture
def revocations(clock: ControlledClock) -> Revocations:
    """The service's copy of the shared lists: empty until a test fills it."""
    revocations = Revocations(now=lambda: clock.now().timestamp(), elapsed=lambda: 0.0)
    revocations.confirm()
    return revocations


@pytest.fixture
async def api(
    identity: Identity,
    database: Database,
    ring: KeyRing,
    verifier: TokenVerifier,
    settings: IdentitySettings,
    clock: ControlledClock,
    policies: Policies,
    witness: Witness,
    revocations: Revocations,
) -> AsyncIterator[Api]:
    """The API; after each refused write, check that nothing changed (witness.py)."""
    async with rest_client(
        identity,
        (*ROUTERS, dev, jwks_router(ring.jwks)),
        verifier=verifier,
        policies=policies,
        database=database,
        clock=clock,
        master_key=settings.key(),
        peer=("198.51.100.7", 4711),
        revocations=revocations,
    ) as client:
        client.event_hooks = {"request": [witness.watch], "response": [witness.judge]}
        yield Api(client)
    # Whatever ended or changed them, gateways and services are notified at once.
    assert await witness.ended_unrevoked() == []
    assert await witness.factors_unreported() == []


@pytest.fixture
async def stub(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stub]:
    """A peer's gRPC client, which may call every method, whichever services the contract names for it."""
    also_name(monkeypatch, PeerSettings.NAME)
    server = RpcServer("127.0.0.1", 0, rpc_services(identity))
    await server.start()
    async with connect(PeerSettings(identity_target=f"dns:///127.0.0.1:{server.port}"), "identity") as channel:
        yield identity_pb2_grpc.IdentityServiceStub(channel)
    await server.stop(grace_seconds=1)


@pytest.fixture
def erasure_steps(identity: Identity, settings: IdentitySettings, database: Database, clock: ControlledClock) -> ErasureSteps:
    carry_out = CarryOutErasures(uow=unit_of_work(settings, database), book=views_of(database).erasures, clock=clock)
    return ErasureSteps(identity, carry_out, clock)


@pytest.fixture
def notice_steps(settings: IdentitySettings, database: Database, clock: ControlledClock) -> NoticeSteps:
    return NoticeSteps(settings, database, clock, FakeRecipients())
