"""The processes of identity."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.health import Readiness
from chassis.run import Serving, Working
from identity.bootstrap.parts import attempts, erasure_unit_of_work, hashing
from identity.interfaces.publications import PUBLICATIONS
from identity.settings import IdentitySettings
from kernel.clock import SystemClock


@asynccontextmanager
async def serving(settings: IdentitySettings) -> AsyncIterator[Serving]:
    from chassis.rpc import connect
    from chassis.run import service_resources
    from identity.bootstrap.use_cases import World, build
    from identity.infrastructure.governance import GovernanceAuthority, GovernanceRoles
    from identity.infrastructure.revocations import RedisRevocations
    from identity.infrastructure.signing_keys import KeyReloader, KeyRing, SealedKeyMaker
    from identity.interfaces.first_start import AdministratorCheck, FirstStart
    from identity.interfaces.grpc import rpc_services
    from identity.interfaces.rest import jwks_router, served

    ring = KeyRing(SealedKeyMaker(*settings.keys()), SystemClock())
    async with service_resources(settings, keys=ring) as parts, connect(settings, "governance") as governance:
        passwords = hashing(settings)
        world = World(
            settings=settings,
            database=parts.database,
            ring=ring,
            passwords=passwords,
            roles=GovernanceRoles(governance),
            attempts=attempts(settings, parts.redis),
            revocations=RedisRevocations(parts.redis),
            permissions=parts.policies,
            authority=GovernanceAuthority(governance),
            clock=parts.clock,
        )
        identity = build(world)
        administrator = AdministratorCheck()
        first_start = FirstStart(
            identity.keys.ensure_signing_keys, identity.accounts.create_administrator, ring.load, settings, administrator
        )
        parts.readiness.add("signing_keys", ring.check)
        parts.readiness.add("administrator", administrator, required=False)
        rest = parts.rest(identity, (*served(mailbox=settings.has_mailbox), jwks_router(ring.jwks)), title="Elcorp identity")
        reloader = KeyReloader(identity.queries.signing_keys, ring)
        yield Serving(rest, rpc_services(identity), parts.readiness, (first_start.run, reloader.run, *parts.background))
        passwords.close()


@asynccontextmanager
async def working(settings: IdentitySettings) -> AsyncIterator[Working]:
    """Relay identity's events, and keep the lists of ended sessions and changed factors from its own."""
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from chassis.persistence.database import Database
    from chassis.redis import redis_client
    from identity.application.factors.record_changed_factors import RecordChangedFactors
    from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
    from identity.application.sessions.record_revocation import RecordRevocation
    from identity.infrastructure.revocations import RedisRevocations
    from identity.interfaces.subscriptions import subscriptions

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.of(settings)
    redis = redis_client(settings.redis_url.get_secret_value())
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    acknowledge_erasure = AcknowledgeErasure(erasure_unit_of_work(settings, database), SystemClock())
    revocations = RedisRevocations(redis)
    consumed = subscriptions(RecordRevocation(revocations), RecordChangedFactors(revocations), acknowledge_erasure)
    consumer = Consumer(rabbitmq_url, settings.NAME, consumed)
    readiness = Readiness()
    readiness.add("database", database.ping)
    readiness.add("redis", redis.ping, required=False)
    try:
        yield Working((relay.run, consumer.run), readiness)
    finally:
        await redis.aclose()
        await database.close()
