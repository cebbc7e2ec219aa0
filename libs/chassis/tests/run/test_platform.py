"""The common parts, on real servers."""

import base64
import os
from typing import ClassVar

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.policies import Bundle
from chassis.rest import CurrentActor, Envelope, IdempotencyStore, Public, Router, envelope
from chassis.run import Platform, platform
from chassis.settings import ServiceSettings
from chassis.testing.running import eventually, running


class DoorSettings(ServiceSettings):
    NAME: ClassVar[str] = "doors"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


class LocalBundles:
    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, known_version: int) -> Bundle | None:
        self.asked += 1
        return None if known_version == 1 else Bundle(1, "", "{}")


async def test_nothing_needs_to_be_there_when_a_process_starts():
    settings = DoorSettings(
        database_url="postgresql://app:x@127.0.0.1:9/x",
        rabbitmq_url="amqp://x:x@127.0.0.1:9/",
        redis_url="redis://127.0.0.1:9/0",
        governance_target="127.0.0.1:9",
    )
    async with platform(settings) as parts, running(*parts.background):
        parts.redis()
        with capture_logs() as lines:
            # Each of them has tried, found nobody, and waits.
            await eventually(lambda: any(line["event"].startswith("waiting for RabbitMQ") for line in lines))
            await eventually(lambda: "policy_bundle_not_refreshed" in [line["event"] for line in lines])
        report = await parts.readiness.report()
    assert not report.ready
    assert set(report.checks) == {"database", "policies", "broker", "redis"}
    assert all(report.checks.values())


async def test_it_becomes_ready_when_database_policies_and_broker_are_there(urls, broker_url, redis_url):
    source = LocalBundles()
    settings = DoorSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    async with platform(settings, bundle_source=lambda _database: source) as parts, running(*parts.background):
        parts.redis()

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
async def test_without_the_broker_or_redis_it_still_answers_but_not_without_its_database(
    urls, broker_url, redis_url, away, ready
):
    there = {"database_url": urls.app, "rabbitmq_url": broker_url, "redis_url": redis_url}
    (name,) = (setting.partition("_")[0] for setting in away)
    missing = {"rabbitmq": "broker"}.get(name, name)
    async with (
        platform(DoorSettings(**there | away), bundle_source=lambda _database: LocalBundles()) as parts,
        running(*parts.background),
    ):
        parts.redis()

        async def failing() -> list[str]:
            return [check for check, error in (await parts.readiness.report()).checks.items() if error]

        await eventually(failing, [missing])
        assert (await parts.readiness.report()).ready == ready


router = Router("/doors")


@router.get("/whence", dependencies=[Public])
async def whence(actor: CurrentActor) -> Envelope[str]:
    return envelope(actor.ip)


def asking(parts: Platform) -> httpx.AsyncClient:
    app = parts.rest(object(), [router], title="doors")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.1", 4000)), base_url="http://doors")


@pytest.mark.parametrize(
    ("trusted", "told"), [(("192.0.2.0/24",), "198.51.100.7"), (("203.0.113.0/24",), "192.0.2.1"), ((), "192.0.2.1")]
)
async def test_the_settings_say_which_proxies_speak_for_a_client(trusted, told):
    settings = DoorSettings(database_url="postgresql://app:x@127.0.0.1:9/x", trusted_proxies=trusted)
    async with platform(settings, bundle_source=lambda _database: LocalBundles()) as parts, asking(parts) as client:
        response = await client.get("/api/v1/doors/whence", headers={"X-Forwarded-For": "198.51.100.7"})
    assert response.json()["data"] == told


KEYS = [os.urandom(32) for _ in range(2)]
MASTER, DIGEST = (base64.b64encode(key).decode() for key in KEYS)


@pytest.mark.parametrize(
    ("given", "key"),
    [({}, None), ({"master_key": MASTER}, KEYS[0]), ({"master_key": MASTER, "digest_key": DIGEST}, KEYS[1])],
    ids=["none", "master key", "digest key"],
)
async def test_answers_are_kept_under_the_digest_key_which_outlives_every_master_key(urls, given, key):
    settings = DoorSettings(database_url=urls.app, **given)
    async with platform(settings, bundle_source=lambda _database: LocalBundles()) as parts:
        expected = IdempotencyStore(parts.database, parts.clock, master_key=key)
        assert parts.idempotency._hash_key == expected._hash_key


async def test_the_settings_say_how_many_connections_there_are(urls):
    async with platform(
        DoorSettings(database_url=urls.app, database_pool_size=3), bundle_source=lambda _database: LocalBundles()
    ) as parts:
        sessions = [parts.database.session() for _ in range(3)]
        for session in sessions:
            await session.scalar(text("SELECT 1"))
        assert parts.database.engine.pool.checkedout() == 3  # type: ignore[attr-defined]
        assert parts.database.engine.pool.size() == 3  # type: ignore[attr-defined]
        for session in sessions:
            await session.close()
