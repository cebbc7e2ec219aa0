"""How identity's processes are put together: the only file that names concrete classes."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from chassis.health import Readiness
from chassis.run import Command, Service, Serving, Working
from chassis.run.folders import migrations_of
from identity.interfaces.publications import PUBLICATIONS
from identity.settings import IdentitySettings
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from chassis.database import Database
    from chassis.unit_of_work import SqlUnitOfWork
    from identity.application import Identity
    from identity.application.create_administrator import CreateAdministrator
    from identity.application.ports import Attempts, Passwords, Revocations, Roles
    from identity.domain.password_policy import PasswordPolicy
    from identity.infrastructure.passwords import Argon2Passwords
    from identity.infrastructure.repositories import SqlIdentityTransaction
    from identity.infrastructure.signing_keys import KeyRing


@asynccontextmanager
async def serving(settings: IdentitySettings) -> AsyncIterator[Serving]:
    from chassis.rpc import connect
    from chassis.run import platform
    from identity.infrastructure.attempts import LimitedAttempts
    from identity.infrastructure.governance import GovernanceRoles
    from identity.infrastructure.revocations import RedisRevocations
    from identity.infrastructure.signing_keys import KeyReloader, KeyRing, SealedKeyMaker
    from identity.interfaces.first_start import FirstStart
    from identity.interfaces.grpc import rpc_services
    from identity.interfaces.rest import ROUTERS, jwks_router

    ring = KeyRing(SealedKeyMaker(settings.key()), SystemClock())
    async with platform(settings, keys=ring) as parts, connect(settings, "governance") as governance:
        redis = parts.redis()
        passwords = hashing(settings)
        identity = build(
            settings,
            parts.database,
            ring=ring,
            passwords=passwords,
            roles=GovernanceRoles(governance),
            attempts=LimitedAttempts(redis, settings.redis_url.get_secret_value(), per_hour=settings.login_attempts_per_hour),
            revocations=RedisRevocations(redis),
            clock=parts.clock,
        )
        first_start = FirstStart(identity.ensure_signing_keys, identity.create_administrator, ring.load, settings)
        parts.readiness.add("signing_keys", ring.check)
        rest = parts.rest(identity, (*ROUTERS, jwks_router(ring.jwks)), title="Elcorp identity")
        reloader = KeyReloader(identity.queries.signing_keys, ring)
        yield Serving(rest, rpc_services(identity), parts.readiness, (first_start.run, reloader.run, *parts.background))
        passwords.close()


def build(
    settings: IdentitySettings,
    database: "Database",
    *,
    ring: "KeyRing",
    passwords: "Passwords",
    roles: "Roles",
    attempts: "Attempts",
    revocations: "Revocations",
    clock: Clock,
) -> "Identity":
    """Put the use cases on a real database."""
    from chassis.crypto import BlindIndex
    from identity.application import Identity
    from identity.application.ensure_signing_keys import EnsureSigningKeys
    from identity.application.read_users import GetSubject, GetUser, ListUsers
    from identity.application.refresh_session import RefreshSession
    from identity.application.register_user import RegisterUser
    from identity.application.sign_in import SignIn
    from identity.application.sign_out import SignOut
    from identity.infrastructure.access_tokens import JwtAccessTokens
    from identity.infrastructure.contacts import ParsedContacts
    from identity.infrastructure.queries import SqlIdentityQueries
    from identity.infrastructure.refresh_tokens import SignedRefreshTokens
    from identity.infrastructure.signing_keys import SealedKeyMaker
    from identity.infrastructure.vault import Vault

    master_key = settings.key()
    uow = unit_of_work(settings, database)
    queries = SqlIdentityQueries(database, Vault(master_key), clock)
    access_tokens = JwtAccessTokens(
        ring, issuer=settings.token_issuer, audience=settings.token_audience, life=settings.access_token_life
    )
    refresh_tokens = SignedRefreshTokens(master_key)
    return Identity(
        register_user=RegisterUser(uow, passwords, password_policy(settings), ParsedContacts(), clock),
        sign_in=SignIn(
            uow=uow,
            queries=queries,
            passwords=passwords,
            roles=roles,
            access_tokens=access_tokens,
            refresh_tokens=refresh_tokens,
            attempts=attempts,
            digest=BlindIndex(master_key, purpose="sign-in-name"),
            clock=clock,
            session_life=settings.session_life,
        ),
        refresh_session=RefreshSession(uow, roles, access_tokens, refresh_tokens, revocations, clock),
        sign_out=SignOut(uow, revocations, clock, settings.access_token_life),
        get_user=GetUser(queries),
        list_users=ListUsers(queries),
        get_subject=GetSubject(queries),
        create_administrator=create_administrator(settings, database, passwords, clock),
        ensure_signing_keys=EnsureSigningKeys(uow, SealedKeyMaker(master_key), clock),
        queries=queries,
    )


@asynccontextmanager
async def working(settings: IdentitySettings) -> AsyncIterator[Working]:
    """Relay identity's events, and keep the list of ended sessions from its own."""
    from chassis.cache import redis_client
    from chassis.database import Database
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from identity.application.record_revocation import RecordRevocation
    from identity.infrastructure.revocations import RedisRevocations
    from identity.interfaces.subscriptions import subscriptions

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.connect(database_url, pool_size=1)
    redis = redis_client(settings.redis_url.get_secret_value())
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    consumer = Consumer(rabbitmq_url, settings.NAME, subscriptions(RecordRevocation(RedisRevocations(redis))))
    readiness = Readiness()
    readiness.add("database", database.ping)
    readiness.add("redis", redis.ping, required=False)
    try:
        yield Working((relay.run, consumer.run), readiness)
    finally:
        await redis.aclose()
        await database.close()


def unit_of_work(settings: IdentitySettings, database: "Database") -> "SqlUnitOfWork[SqlIdentityTransaction]":
    from chassis.unit_of_work import SqlUnitOfWork
    from identity.infrastructure.repositories import SqlIdentityTransaction
    from identity.infrastructure.vault import Vault

    transaction = partial(SqlIdentityTransaction, vault=Vault(settings.key()))
    return SqlUnitOfWork(database, transaction, PUBLICATIONS, service=settings.NAME)


def hashing(settings: IdentitySettings) -> "Argon2Passwords":
    from identity.infrastructure.passwords import Argon2Passwords

    return Argon2Passwords(
        memory_kib=settings.argon2_memory_kib,
        passes=settings.argon2_passes,
        workers=settings.hash_workers,
        waiting_max=settings.hash_waiting_max,
        keep_memory=settings.hash_memory_kept,
    )


def password_policy(settings: IdentitySettings) -> "PasswordPolicy":
    from identity.domain.password_policy import PasswordPolicy

    return PasswordPolicy(length_min=settings.password_length_min, complexity=settings.password_complexity)


def create_administrator(
    settings: IdentitySettings, database: "Database", passwords: "Passwords", clock: Clock
) -> "CreateAdministrator":
    from identity.application.create_administrator import CreateAdministrator
    from identity.infrastructure.contacts import ParsedContacts
    from identity.infrastructure.generated_password import generate_password

    return CreateAdministrator(
        unit_of_work(settings, database), passwords, password_policy(settings), ParsedContacts(), generate_password, clock
    )


async def create_admin(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Make one more administrator, with a generated password."""
    from chassis.database import Database
    from identity.interfaces.first_start import tell_password

    database = Database.connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        create = create_administrator(settings, database, hashing(settings), SystemClock())
        made = await create(email=arguments.email, password=None, only_first=False)
    finally:
        await database.close()
    if made:
        tell_password(made)
    return 0


def _create_admin_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="the new administrator's e-mail address")


SERVICE = Service(
    name=IdentitySettings.NAME,
    settings=IdentitySettings,
    serving=serving,
    working=working,
    migrations=migrations_of(IdentitySettings.NAME),
    commands={
        "create-admin": Command(
            "make an administrator; the generated password is printed once", create_admin, _create_admin_arguments
        )
    },
)
