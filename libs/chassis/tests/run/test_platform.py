"""The common parts, on real servers."""

from typing import ClassVar

from structlog.testing import capture_logs

from chassis.policies import Bundle
from chassis.run import platform
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
