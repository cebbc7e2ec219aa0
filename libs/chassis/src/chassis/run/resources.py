"""The resources of every serving process, built here, so that a service's bootstrap names only its own classes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI
from google.protobuf.message import Message
from redis.asyncio import Redis

from chassis.audit_journal import journal_service
from chassis.auth import AccessControl, EndedMemberships, EndingSource, JwksKeys, KeySource, SubjectRoles, TokenVerifier
from chassis.auth.ended_sessions import EndedSessions
from chassis.auth.governance import GovernanceEndings
from chassis.auth.revocations import Revocations
from chassis.health import NotReady, Readiness
from chassis.messaging.listener import Listener
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.idempotency_scope import OwnKeys
from chassis.policies import (
    BundleRefresher,
    BundleSource,
    GovernanceBundles,
    GovernanceLimitedRoles,
    LimitedRoleSource,
    Policies,
)
from chassis.policies.recording import recorded_decisions
from chassis.redis import redis_client
from chassis.rest import IdempotencyStore, Router, create_app
from chassis.rest.app_state import AppState
from chassis.rpc import RpcService, connect
from chassis.run.service import Background, Serving
from chassis.settings import ServiceSettings
from elcorp.governance.v1.events_pb2 import (
    LimitedRolesChanged,
    MembershipEnded,
    OrganizationStatusChanged,
    PolicyBundlePublished,
    SubjectRolesChanged,
)
from elcorp.identity.v1.events_pb2 import SessionEnded, UserFactorsChanged
from kernel.clock import Clock, SystemClock

CLOSING_SECONDS = 1.0

ListenerCallback = Callable[[Delivery[Any]], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class ServiceResources:
    """The resources of a serving process."""

    name: str
    clock: Clock
    database: Database
    verifier: TokenVerifier
    policies: Policies
    refresher: BundleRefresher
    subject_roles: SubjectRoles
    memberships: EndedMemberships
    idempotency: IdempotencyStore
    readiness: Readiness
    listener: Listener
    background: Sequence[Background]
    trusted_proxies: Sequence[str]
    revocations: Revocations
    redis: Redis
    privileged_have_two: bool
    request_seconds: float

    @property
    def access_control(self) -> AccessControl:
        """Return the access checks of REST, for other interfaces."""
        return AccessControl(
            verifier=self.verifier,
            subject_roles=self.subject_roles,
            policies=self.policies,
            revocations=self.revocations,
            memberships=self.memberships,
            privileged_have_two=self.privileged_have_two,
        )

    def serving(self, rest: FastAPI, rpc: Sequence[RpcService], *background: Background) -> Serving:
        """Return the process's parts: the service's own, and those of every service."""
        every = journal_service(self.database, self.name)
        app_state: AppState = rest.state.app_state
        return Serving(
            rest,
            (*rpc, every),
            self.readiness,
            (*background, *self.background),
            end_streams=app_state.followers.drain,
        )

    def rest(self, application: object, routers: Sequence[Router], *, title: str) -> FastAPI:
        """Build the REST app with these resources; see `create_app`."""
        return create_app(
            title=title,
            application=application,
            routers=routers,
            verifier=self.verifier,
            policies=self.policies,
            subject_roles=self.subject_roles,
            memberships=self.memberships,
            idempotency=self.idempotency,
            revocations=self.revocations,
            trusted_proxies=self.trusted_proxies,
            privileged_have_two=self.privileged_have_two,
            request_seconds=self.request_seconds,
        )


@asynccontextmanager
async def service_resources(
    settings: ServiceSettings,
    *,
    bundle_source: Callable[[Database], BundleSource] | None = None,
    limited_role_source: Callable[[Database], LimitedRoleSource] | None = None,
    ending_source: Callable[[Database], EndingSource] | None = None,
    keys: KeySource | None = None,
    listen: Mapping[type[Message], ListenerCallback] | None = None,
    own_keys: OwnKeys | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[ServiceResources]:
    """Build the resources, and close them at the block's end. Peers, the broker and Redis need not be reachable.

    Policy bundles, limited roles and ended memberships come from governance over gRPC, unless sources are given (governance's
    own). Keys of access
    tokens come from identity's JWKS, unless `keys` are given. Tokens of ended sessions are refused, and tokens from before a
    change of their user's factors count as no recent sign-in: both are known from identity's events, and from Redis, which is
    read every second. `listen` adds callbacks for other events; raises ValueError for an event that already has one. `own_keys`
    are the Idempotency-Keys that the service's use cases store themselves.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        database = Database.of(settings)
        stack.push_async_callback(database.close)
        decisions = recorded_decisions(database, settings.NAME)
        stack.push_async_callback(decisions.close)
        policies = Policies.of(settings, clock, decisions)
        if bundle_source:
            source, limited_roles = bundle_source(database), limited_role_source(database) if limited_role_source else None
            endings = ending_source(database) if ending_source else None
        else:
            source, limited_roles, endings = _of_governance(settings, stack)
        subject_roles, memberships = SubjectRoles(clock), EndedMemberships(clock)
        refresher = BundleRefresher(
            source,
            policies,
            limited_roles=limited_roles,
            before=partial(memberships.refresh, endings) if endings else None,
            interval_seconds=settings.policy_refresh_seconds,
        )
        readiness = Readiness()
        redis = redis_client(settings.redis_url.get_secret_value())
        stack.push_async_callback(redis.aclose)
        ended = EndedSessions(redis, Revocations())
        listener = _listener(settings, refresher, policies, subject_roles, memberships, ended, listen or {})
        _add_checks(readiness, database, refresher, listener, redis)
        yield ServiceResources(
            name=settings.NAME,
            clock=clock,
            database=database,
            verifier=_verifier(settings, keys or _keys_of_identity(settings, stack, clock), clock),
            policies=policies,
            refresher=refresher,
            subject_roles=subject_roles,
            memberships=memberships,
            idempotency=IdempotencyStore(database, clock, master_key=_digest_key(settings), own=own_keys),
            readiness=readiness,
            listener=listener,
            background=(refresher.run, listener.run, ended.run),
            trusted_proxies=settings.trusted_proxies,
            revocations=ended.revocations,
            redis=redis,
            privileged_have_two=settings.privileged_have_two,
            request_seconds=settings.request_seconds,
        )


def _verifier(settings: ServiceSettings, keys: KeySource, clock: Clock) -> TokenVerifier:
    return TokenVerifier(settings.token_issuer, settings.token_audience, keys, clock, former_issuer=settings.former_token_issuer)


def _listener(
    settings: ServiceSettings,
    refresher: BundleRefresher,
    policies: Policies,
    subject_roles: SubjectRoles,
    memberships: EndedMemberships,
    ended: EndedSessions,
    others: Mapping[type[Message], ListenerCallback],
) -> Listener:

    async def on_organization_changed(delivery: Any) -> None:
        await memberships.on_organization_changed(delivery)
        # Of an organization that is not active, the roles are not in force.
        await refresher.on_published(delivery)

    own: dict[type[Message], ListenerCallback] = {
        PolicyBundlePublished: refresher.on_published,
        SubjectRolesChanged: subject_roles.on_changed,
        LimitedRolesChanged: policies.limited_roles.on_changed,
        MembershipEnded: memberships.on_ended,
        OrganizationStatusChanged: on_organization_changed,
        SessionEnded: ended.on_ended,
        UserFactorsChanged: ended.on_factors_changed,
    }
    if taken := own.keys() & others.keys():
        raise ValueError(f"every service already listens for {taken}")

    async def catch_up() -> None:
        """Reload what may have been published while this process was not connected."""
        ended.read_all_next()
        await refresher.on_published(None)

    return Listener(settings.rabbitmq_url.get_secret_value(), {**own, **others}, on_connected=catch_up)


def _digest_key(settings: ServiceSettings) -> bytes | None:
    is_set = settings.has_digest_key or settings.master_key_file or settings.master_key.get_secret_value()
    return settings.digest() if is_set else None


def _of_governance(settings: ServiceSettings, stack: AsyncExitStack) -> tuple[BundleSource, LimitedRoleSource, EndingSource]:
    channel = connect(settings, "governance")
    stack.push_async_callback(channel.close, CLOSING_SECONDS)
    return GovernanceBundles(channel), GovernanceLimitedRoles(channel), GovernanceEndings(channel)


def _keys_of_identity(settings: ServiceSettings, stack: AsyncExitStack, clock: Clock) -> KeySource:
    keys = JwksKeys(settings.jwks_url, clock=clock)
    stack.push_async_callback(keys.close)
    return keys


def _add_checks(readiness: Readiness, database: Database, refresher: BundleRefresher, listener: Listener, redis: Redis) -> None:
    async def listening() -> None:
        if not listener.connected:
            raise NotReady("not connected to the broker")

    readiness.add("database", database.ping)
    readiness.add("policies", refresher.check)
    # The service works without it: events wait in the outbox.
    readiness.add("broker", listening, required=False)
    # Without it reads continue; operations that move money are refused while ended sessions are unknown.
    readiness.add("redis", redis.ping, required=False)
