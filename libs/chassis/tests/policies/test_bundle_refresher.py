"""Bundles are fetched at the start, after an event and periodically, whatever the state of the source."""

import asyncio
import json
from collections.abc import AsyncIterator

import grpc.aio
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from chassis.health import NotReady, Readiness
from chassis.policies import Bundle, BundleRefresher, GovernanceBundles, Policies, bundle_refresher
from chassis.rpc import RemoteError
from chassis.testing.clocks import ControlledClock
from chassis.testing.running import eventually, running
from elcorp.governance.v1.governance_pb2 import GetBundleRequest, GetBundleResponse
from elcorp.governance.v1.governance_pb2_grpc import PolicyServiceServicer, add_PolicyServiceServicer_to_server
from kernel.actor import Actor
from kernel.errors import Kind, Unavailable

SCHEMA = json.dumps(
    {
        "": {
            "entityTypes": {
                "Anonymous": {},
                "Resource": {"shape": {"type": "Record", "attributes": {"type": {"type": "String"}, "id": {"type": "String"}}}},
            },
            "actions": {"user:read": {"appliesTo": {"principalTypes": ["Anonymous"], "resourceTypes": ["Resource"]}}},
        }
    }
)


def bundle(version: int, policies: str = "permit(principal, action, resource);") -> Bundle:
    return Bundle(version, policies, SCHEMA)


class Source:
    """Returns the bundles that it was given, and records the requests."""

    def __init__(self) -> None:
        self.now: Bundle | Exception = Unavailable()
        self.asked: list[int] = []
        self.answered = asyncio.Event()

    async def fetch(self, known_version: int) -> Bundle | None:
        self.asked.append(known_version)
        self.answered.set()
        if isinstance(self.now, Exception):
            raise self.now
        return None if self.now.version == known_version else self.now

    async def next(self) -> None:
        self.answered.clear()
        async with asyncio.timeout(60):
            await self.answered.wait()
        await asyncio.sleep(0)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def policies(clock: ControlledClock) -> Policies:
    return Policies(clock)


@pytest.fixture
async def refresher(source: Source, policies: Policies) -> AsyncIterator[BundleRefresher]:
    refresher = BundleRefresher(source, policies, interval_seconds=60)
    stop = asyncio.Event()
    task = asyncio.create_task(refresher.run(stop))
    yield refresher
    stop.set()
    async with asyncio.timeout(60):
        await task


async def test_it_waits_for_an_unreachable_source(
    refresher: BundleRefresher, source: Source, policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.policies.bundle_refresher._BACKOFF_SECONDS_MAX", 0.1)
    await source.next()
    await source.next()
    assert policies.version == 0
    source.now = bundle(1)
    await source.next()
    assert refresher.ready
    assert policies.version == 1
    assert set(source.asked) == {0}


async def test_an_event_fetches_at_once(refresher: BundleRefresher, source: Source, policies: Policies) -> None:
    source.now = bundle(1)
    await source.next()
    source.now = bundle(2, "")
    await refresher.on_published(object())
    await source.next()
    assert policies.version == 2
    assert not policies.allows(Actor.anonymous(), "user:read")
    assert source.asked[-1] == 1


class Overtaken(Source):
    """A source that publishes a second bundle while the first is being fetched."""

    refresher: BundleRefresher

    async def fetch(self, known_version: int) -> Bundle | None:
        answer = await super().fetch(known_version)
        if known_version == 0:
            self.now = bundle(2)
            await self.refresher.on_published(object())
        return answer


async def test_an_event_during_a_fetch_causes_another_fetch(policies: Policies) -> None:
    source = Overtaken()
    source.now = bundle(1)
    source.refresher = BundleRefresher(source, policies, interval_seconds=3600)
    async with running(source.refresher.run):
        await eventually(lambda: policies.version, 2)
    assert source.asked == [0, 1]


async def test_it_fetches_periodically(source: Source, policies: Policies) -> None:
    source.now = bundle(1)
    stop = asyncio.Event()
    task = asyncio.create_task(BundleRefresher(source, policies, interval_seconds=0.02).run(stop))
    for _ in range(4):
        await source.next()
    stop.set()
    await task
    assert source.asked[:4] == [0, 1, 1, 1]


async def test_a_confirmed_bundle_is_fresh(source: Source, policies: Policies, clock: ControlledClock) -> None:
    refresher = BundleRefresher(source, policies)
    source.now = bundle(1)
    assert await refresher.refresh()
    clock.advance(seconds=5000)
    assert await refresher.refresh()
    assert policies.allows(Actor.anonymous(), "user:read")


async def test_a_bundle_grows_stale_if_no_valid_one_can_be_fetched(
    source: Source, policies: Policies, clock: ControlledClock
) -> None:
    refresher = BundleRefresher(source, policies)
    source.now = bundle(1)
    await refresher.refresh()
    for trouble in (Unavailable(), bundle(2, "permit(")):
        clock.advance(seconds=2000)
        source.now = trouble
        with capture_logs() as lines:
            assert not await refresher.refresh()
        assert [line["event"] for line in lines] == ["policy_bundle_not_refreshed"]
    assert policies.version == 1
    with pytest.raises(Unavailable):
        policies.allows(Actor.anonymous(), "user:read")


async def test_an_unreachable_source_is_asked_at_least_every_ten_seconds(
    source: Source, policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, waits = asyncio.Event(), list[float]()

    async def waited(*_events: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 20:
            source.now = bundle(1)
        elif len(waits) == 21:
            stop.set()

    monkeypatch.setattr(bundle_refresher, "wait_any", waited)
    await BundleRefresher(source, policies, interval_seconds=60).run(stop)
    *away, back = waits
    assert min(away) >= 0.1
    assert max(away) <= 10
    assert back == 60


DEFECTS = [
    ZeroDivisionError("at 10.0.0.7"),
    RemoteError(peer="governance", kind=Kind.INTERNAL, code="SRV_001", message="Quote the request id.", facts={}),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=["here", "in governance"])
async def test_a_defect_ends_no_process_and_is_shown_until_a_bundle_is_there(
    source: Source, policies: Policies, monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    monkeypatch.setattr("chassis.policies.bundle_refresher._BACKOFF_SECONDS_MAX", 0.1)
    source.now = defect
    refresher = BundleRefresher(source, policies)
    before = failures("SRV_001")
    async with running(refresher.run):
        await eventually(lambda: len(source.asked) > 2)
        assert failures("SRV_001") >= before + 2
        with pytest.raises(NotReady, match=r"^no policy bundle yet \(SRV_001\)$"):
            await refresher.check()
        source.now = bundle(1)
        await eventually(lambda: policies.version, 1)
        await refresher.check()


def failures(reason: str) -> float:
    return REGISTRY.get_sample_value("policy_bundle_refresh_failures_total", {"reason": reason}) or 0


async def test_readiness_warns_of_a_bundle_that_is_not_refreshed_and_fails_once_nothing_is_decided(
    source: Source, policies: Policies, clock: ControlledClock
) -> None:
    refresher, readiness = BundleRefresher(source, policies, interval_seconds=30), Readiness()
    readiness.add("policies", refresher.check)

    async def report() -> tuple[bool, str | None]:
        found = await readiness.report()
        return found.ready, found.checks["policies"]

    assert await report() == (False, "no policy bundle yet")
    source.now = bundle(1)
    await refresher.refresh()
    clock.advance(seconds=90)
    assert await report() == (True, None)
    source.now = Unavailable()
    await refresher.refresh()
    clock.advance(seconds=32)
    assert await report() == (True, "bundle is 120 s old, refreshed at most every 30 s (SRV_002)")
    clock.advance(seconds=178)
    assert (await report())[0]
    clock.advance(seconds=1)
    message = "bundle is 300 s old, refreshed at most every 30 s: only reads are decided (SRV_002)"
    assert await report() == (True, message)
    clock.advance(seconds=3300)
    message = "bundle is 3600 s old, refreshed at most every 30 s: nothing is decided (SRV_002)"
    assert await report() == (False, message)
    source.now = bundle(1)
    await refresher.refresh()
    assert await report() == (True, None)


async def test_the_age_counts_from_the_question_not_from_the_answer(policies: Policies, clock: ControlledClock) -> None:
    class Suspended(Source):
        """The machine is suspended while governance's answer is on its way."""

        async def fetch(self, known_version: int) -> Bundle | None:
            answer = await super().fetch(known_version)
            clock.advance(seconds=299)
            return answer

    source = Suspended()
    source.now = bundle(1)
    await BundleRefresher(source, policies).refresh()
    assert policies.age_seconds == 299
    await BundleRefresher(source, policies).refresh()
    assert policies.age_seconds == 299


async def test_age_and_version_are_metrics(source: Source, policies: Policies, clock: ControlledClock) -> None:
    source.now = bundle(4)
    async with running(BundleRefresher(source, policies, interval_seconds=3600).run):
        await eventually(lambda: REGISTRY.get_sample_value("policy_bundle_version"), 4)
        clock.advance(seconds=47)
        assert REGISTRY.get_sample_value("policy_bundle_age_seconds") == 47


class Governance(PolicyServiceServicer):
    async def GetBundle(  # noqa: N802  # the contract names it
        self, request: GetBundleRequest, _context: object
    ) -> GetBundleResponse:
        if request.known_version == 3:
            return GetBundleResponse(version=3)
        return GetBundleResponse(version=3, policies="permit(principal, action, resource);", schema=SCHEMA)


async def test_governance_is_asked_over_grpc() -> None:
    server = grpc.aio.server()
    add_PolicyServiceServicer_to_server(Governance(), server)  # type: ignore[abstract]  # as in the previous release
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        bundles = GovernanceBundles(channel)
        assert await bundles.fetch(0) == bundle(3)
        assert await bundles.fetch(3) is None
        await server.stop(None)
        with pytest.raises(Unavailable):
            await bundles.fetch(0)
