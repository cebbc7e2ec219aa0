"""The resources that processes share, with real servers."""

import base64
import os
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolExhausted
from structlog.testing import capture_logs

from chassis.auth import InvalidToken
from chassis.auth.ended_sessions import ENDED_KEY
from chassis.policies import Bundle
from chassis.redis import redis_client
from chassis.rest import CurrentActor, Envelope, IdempotencyStore, Public, Router, envelope
from chassis.run import ServiceResources, service_resources
from chassis.settings import ServiceSettings
from chassis.testing.events import announce
from chassis.testing.running import eventually, running
from chassis.testing.sessions import note_factors
from chassis.testing.tokens import TokenForge
from elcorp.governance.v1.events_pb2 import MembershipEnded, PolicyBundlePublished, SubjectRolesChanged
from elcorp.identity.v1.events_pb2 import SessionEnded, UserFactorsChanged, UserStatusChanged
from kernel.assurance import NONE, Factors
from kernel.errors import NotAMember, Unavailable
from kernel.ids import new_id
from kernel.reads import NOBODY


class DoorSettings(ServiceSettings):
    NAME: ClassVar[str] = "doors"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


class LocalBundles:
    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, known_version: int) -> Bundle | None:
        self.asked += 1
        return None if known_version == 1 else Bundle(1, "", "{}")


async def test_a_process_starts_without_its_dependencies():
    settings = DoorSettings(
        database_url="postgresql://app:x@127.0.0.1:9/x",
        rabbitmq_url="amqp://x:x@127.0.0.1:9/",
        redis_url="redis://127.0.0.1:9/0",
        governance_target="127.0.0.1:9",
    )
    async with service_resources(settings) as parts, running(*parts.background):
        with capture_logs() as lines:
            # Each of them has tried, failed to connect, and waits.
            await eventually(lambda: "waiting_for_broker" in [line["event"] for line in lines])
            await eventually(lambda: "policy_bundle_not_refreshed" in [line["event"] for line in lines])
        report = await parts.readiness.report()
    assert not report.ready
    assert set(report.checks) == {"database", "policies", "broker", "redis"}
    assert all(report.checks.values())


async def test_it_becomes_ready_when_database_policies_and_broker_are_available(urls, broker_url, redis_url):
    source = LocalBundles()
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    async with service_resources(settings, bundle_source=lambda _database: source) as parts, running(*parts.background):

        async def checks() -> dict[str, str | None]:
            return (await parts.readiness.report()).checks

        await eventually(checks, {"database": None, "policies": None, "broker": None, "redis": None})
        assert (await parts.readiness.report()).ready
        assert source.asked >= 1


@pytest.mark.parametrize(
    ("away", "ready"),
    [
        ({"database_url": "postgresql://app:x@127.0.0.1:9/x"}, False),
        ({"rabbitmq_url": "amqp://x:x@127.0.0.1:9/"}, True),
        ({"redis_url": "redis://127.0.0.1:9/0"}, True),
    ],
    ids=["database", "broker", "redis"],
)
async def test_without_the_broker_or_redis_it_still_answers_and_without_its_database_not(
    urls, broker_url, redis_url, away, ready
):
    there = {"database_url": urls.app, "rabbitmq_url": broker_url, "redis_url": redis_url}
    (name,) = (setting.partition("_")[0] for setting in away)
    missing = {"rabbitmq": "broker"}.get(name, name)
    async with (
        service_resources(DoorSettings(**there | away), bundle_source=lambda _database: LocalBundles()) as parts,
        running(*parts.background),
    ):

        async def failing() -> list[str]:
            return [check for check, error in (await parts.readiness.report()).checks.items() if error]

        await eventually(failing, [missing])
        assert (await parts.readiness.report()).ready == ready


async def test_it_receives_bundles_roles_and_the_events_of_its_service(urls, broker_url):
    source, received = LocalBundles(), []

    async def receive(delivery) -> None:
        received.append(delivery.message.user_id)

    # Nothing is fetched periodically during the test.
    ages: dict[str, Any] = {"policy_refresh_seconds": 3000, "policy_staleness_seconds": 3500, "policy_expiry_seconds": 3600}
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, **ages)
    forge = TokenForge()
    async with (
        service_resources(
            settings, bundle_source=lambda _database: source, listen={UserStatusChanged: receive}, keys=forge
        ) as parts,
        running(parts.refresher.run),
    ):
        await eventually(lambda: source.asked, 1)
        async with running(parts.listener.run):
            # It catches up on events published before it listened.
            await eventually(lambda: source.asked, 2)
            await announce(broker_url, PolicyBundlePublished(version=2))
            await eventually(lambda: source.asked, 3)
            await announce(broker_url, UserStatusChanged(user_id="u-1"))
            await eventually(lambda: received, ["u-1"])
            claims = await parts.verifier.verify(forge.token(roles=["staff"]))
            assert parts.subject_roles.effective(claims) == {"staff"}
            await announce(broker_url, SubjectRolesChanged(subject_id=claims.subject_id, roles=["user"]))
            await eventually(lambda: parts.subject_roles.effective(claims), {"user"})


async def test_a_token_no_longer_acts_for_an_organization_whose_membership_ended(urls, broker_url, redis_url):
    forge, ours, others = TokenForge(), new_id(), new_id()
    person = new_id()
    for_ours, for_others = (forge.token(person, claims={"org": str(each)}) for each in (ours, others))
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)

    async def acts_for(token: str) -> UUID | str | None:
        try:
            return (await parts.access_control.authenticate(token)).organization_id
        except NotAMember as refusal:
            return refusal.code

    async with (
        service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts,
        running(parts.listener.run),
    ):
        await eventually(lambda: parts.listener.connected, True)
        assert [await acts_for(token) for token in (for_ours, for_others)] == [ours, others]
        await announce(broker_url, MembershipEnded(subject_id=str(person), organization_id=str(ours)))
        await eventually(lambda: acts_for(for_ours), "ACC_004")
        assert await acts_for(for_others) == others
        assert await acts_for(forge.token(person)) is None


async def test_tokens_of_ended_sessions_are_refused(urls, broker_url, redis_url, monkeypatch):
    # The list is read at the start and on each connection; announced ends arrive as events.
    monkeypatch.setattr("chassis.auth.ended_sessions.POLL_SECONDS", 0.05)
    monkeypatch.setattr("chassis.auth.revocations.STALE_SECONDS", 3600)
    forge, before, announced, lasting = TokenForge(), new_id(), new_id(), new_id()
    tokens = {session: forge.token(session_id=session) for session in (before, announced, lasting)}
    async with redis_client(redis_url) as redis:
        await redis.zadd(ENDED_KEY, {str(before): datetime.now(UTC).timestamp()})
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)

    async def admitted() -> list[bool]:
        found = []
        for token in tokens.values():
            try:
                await parts.access_control.authenticate(token, strictly=True)
            except InvalidToken:
                found.append(False)
            else:
                found.append(True)
        return found

    async with service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts:
        with pytest.raises(Unavailable):
            await admitted()
        async with running(*parts.background):
            await eventually(lambda: parts.listener.connected)
            await eventually(lambda: parts.revocations.is_current)
            assert await admitted() == [False, True, True]
            await announce(broker_url, SessionEnded(session_id=str(announced)))
            await eventually(admitted, [False, False, True])


async def test_tokens_older_than_a_change_of_factors_meet_no_assurance(urls, broker_url, redis_url, monkeypatch):
    monkeypatch.setattr("chassis.auth.ended_sessions.POLL_SECONDS", 0.05)
    forge, noted, announced, lasting = TokenForge(), new_id(), new_id(), new_id()
    tokens = {user: forge.token(user, claims={"factors_version": 1}) for user in (noted, announced, lasting)}
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)

    async def proven() -> list[bool]:
        actors = [await parts.access_control.authenticate(token) for token in tokens.values()]
        assert all((actor.methods == ()) is (actor.authenticated_at is None) for actor in actors)
        return [bool(actor.methods) for actor in actors]

    async with (
        service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts,
        running(*parts.background),
    ):
        await eventually(lambda: parts.listener.connected)
        await eventually(lambda: parts.revocations.is_current)
        assert await proven() == [True, True, True]
        await note_factors(redis_url, noted, Factors(2, has_second=True))
        await eventually(proven, [False, True, True])
        await announce(broker_url, UserFactorsChanged(user_id=str(announced), factors_version=2, has_second_factor=True))
        await eventually(proven, [False, False, True])
        actor = await parts.access_control.authenticate(tokens[announced])
        assert (actor.has_second_factor, actor.factors_version) == (True, 1)


async def test_while_ended_sessions_are_unknown_reads_continue(urls):
    forge = TokenForge()
    settings = DoorSettings(database_url=urls.app, redis_url="redis://127.0.0.1:9/0")
    async with service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts:
        assert (await parts.access_control.authenticate(forge.token())).roles == {"user"}
        with pytest.raises(Unavailable):
            await parts.access_control.authenticate(forge.token(), strictly=True)


@pytest.mark.parametrize("event", [SessionEnded, UserFactorsChanged])
async def test_a_service_cannot_replace_the_platforms_subscriber_of_revocation_events(urls, event):
    async def receive(_delivery) -> None:
        """Receive the event instead of the subscriber that refuses tokens."""

    with pytest.raises(ValueError, match=event.__name__):
        async with service_resources(DoorSettings(database_url=urls.app), listen={event: receive}):
            pass


@pytest.mark.parametrize(("setting", "value"), [("public_url", "https://elsewhere.example"), ("token_audience", "elsewhere")])
async def test_only_tokens_of_the_configured_issuer_and_audience_are_accepted(setting, value):
    forge = TokenForge()
    settings = DoorSettings(database_url="postgresql://app:x@127.0.0.1:9/x", **{setting: value})
    async with service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts:
        with pytest.raises(InvalidToken):
            await parts.verifier.verify(forge.token())
        claim = {"public_url": "iss", "token_audience": "aud"}[setting]
        assert await parts.verifier.verify(forge.token(claims={claim: value}))


async def test_tokens_of_the_former_issuer_are_accepted_while_it_is_configured():
    forge = TokenForge()
    token = forge.token(claims={"iss": "https://former.example"})
    settings = DoorSettings(database_url="postgresql://app:x@127.0.0.1:9/x", former_token_issuer="https://former.example")
    async with service_resources(settings, bundle_source=lambda _database: LocalBundles(), keys=forge) as parts:
        assert await parts.verifier.verify(token)
        assert await parts.verifier.verify(forge.token())


router = Router("/doors", assurance=NONE, reads=NOBODY)


@router.get("/origin", dependencies=[Public])
async def origin(actor: CurrentActor) -> Envelope[str]:
    return envelope(actor.ip)


def asking(parts: ServiceResources) -> httpx.AsyncClient:
    app = parts.rest(object(), [router], title="doors")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.1", 4000)), base_url="http://doors")


@pytest.mark.parametrize(
    ("trusted", "returned"), [(("192.0.2.0/24",), "198.51.100.7"), (("203.0.113.0/24",), "192.0.2.1"), ((), "192.0.2.1")]
)
async def test_the_settings_name_the_trusted_proxies(trusted, returned):
    settings = DoorSettings(database_url="postgresql://app:x@127.0.0.1:9/x", trusted_proxies=trusted)
    async with service_resources(settings, bundle_source=lambda _database: LocalBundles()) as parts, asking(parts) as client:
        response = await client.get("/api/v1/doors/origin", headers={"X-Forwarded-For": "198.51.100.7"})
    assert response.json()["data"] == returned


KEYS = [os.urandom(32) for _ in range(2)]
MASTER, DIGEST = (base64.b64encode(key).decode() for key in KEYS)


@pytest.mark.parametrize(
    ("given", "key"),
    [({}, None), ({"master_key": MASTER}, KEYS[0]), ({"master_key": MASTER, "digest_key": DIGEST}, KEYS[1])],
    ids=["none", "master key", "digest key"],
)
async def test_responses_are_stored_under_the_digest_key_which_outlives_every_master_key(urls, given, key):
    settings = DoorSettings(database_url=urls.app, **given)
    async with service_resources(settings, bundle_source=lambda _database: LocalBundles()) as parts:
        expected = IdempotencyStore(parts.database, parts.clock, master_key=key)
        assert parts.idempotency._hash_key == expected._hash_key


async def test_the_settings_limit_the_number_of_connections(urls, monkeypatch):
    monkeypatch.setattr("chassis.persistence.database.POOL_TIMEOUT_SECONDS", 0.1)
    async with service_resources(
        DoorSettings(database_url=urls.app, database_pool_size=3), bundle_source=lambda _database: LocalBundles()
    ) as parts:
        sessions = [parts.database.session() for _ in range(3)]
        for session in sessions:
            await session.scalar(text("SELECT 1"))
        one_more = parts.database.session()
        with pytest.raises(PoolExhausted):
            await one_more.scalar(text("SELECT 1"))
        await one_more.close()
        for session in sessions:
            await session.close()
