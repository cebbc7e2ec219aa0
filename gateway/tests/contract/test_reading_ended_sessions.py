"""What each reading of the shared list of ended sessions finds, on a real Redis, by a clock that the test moves."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chassis.auth.ended_sessions import ENDED_KEY, FULL_READ_SECONDS, OVERLAP_SECONDS, PAGE, POLL_SECONDS, EndedSessions
from chassis.auth.revocations import KEPT_SECONDS, Revocations
from chassis.testing.clocks import ControlledClock
from chassis.testing.running import endpoint, through
from chassis.testing.tokens import TokenForge
from gateway.admission import Admission
from gateway.rates import Rates
from gateway.refusals import Refusal
from gateway.routes import Route

from .running_gateway import StartProxy

ROUTES = (Route("users", "identity"), Route("transfers", "payments", strict=True))


class Feed:
    """The shared list, and a gateway's knowledge of it."""

    def __init__(self, redis: Redis, clock: ControlledClock) -> None:
        self.redis = redis
        self.clock = clock
        self.revocations = Revocations(now=self.now, monotonic=self.now)
        self.ended = EndedSessions(redis, self.revocations, now=self.now)
        self.forge = TokenForge()
        self.admission = Admission(self.forge.verifier(), self.revocations, Rates(1))

    def now(self) -> float:
        return self.clock.now().timestamp()

    async def note(self, *sessions: UUID, seconds_ago: float = 0) -> None:
        """Write what identity writes when sessions end."""
        await self.redis.zadd(ENDED_KEY, {str(session): self.now() - seconds_ago for session in sessions})

    async def poll(self, *, after_seconds: float = POLL_SECONDS) -> None:
        self.clock.advance(seconds=after_seconds)
        await self.ended.poll()

    async def answers(self, session: UUID) -> set[int]:
        """Return the statuses that a token of the session gets, of all kinds of routes; 200 for what passes."""
        token = f"Bearer {self.forge.token(session_id=session)}".encode()
        return {await self._answer(token, route, method) for route in ROUTES for method in ("GET", "POST")}

    async def _answer(self, token: bytes, route: Route, method: str) -> int:
        try:
            self.admission.require(await self.admission.identify(token, "41.182.0.9"), route, method)
        except Refusal as refusal:
            return refusal.status
        return 200


@pytest_asyncio.fixture
async def feed(redis_url: str, clock: ControlledClock) -> AsyncIterator[Feed]:
    async with Redis.from_url(redis_url) as redis:
        yield Feed(redis, clock)


@pytest.mark.clause("ASVS 7.4.1")
@pytest.mark.parametrize("seconds_ago", [0, POLL_SECONDS + 0.5, OVERLAP_SECONDS - 0.5])
async def test_a_session_that_ended_between_two_polls_is_refused_at_the_next(feed: Feed, seconds_ago: float) -> None:
    session = uuid4()
    await feed.poll()
    assert await feed.answers(session) == {200}
    # Dated before the last poll, which could not see it yet: its identity was slow to write, or its clock is behind.
    await feed.note(session, seconds_ago=seconds_ago)
    await feed.poll()
    assert await feed.answers(session) == {401}
    assert await feed.answers(uuid4()) == {200}


async def test_a_session_dated_further_back_is_refused_when_all_is_read_again(feed: Feed) -> None:
    session = uuid4()
    await feed.poll()
    await feed.note(session, seconds_ago=60)
    await feed.poll()
    assert await feed.answers(session) == {200}
    await feed.poll(after_seconds=FULL_READ_SECONDS)
    assert await feed.answers(session) == {401}


async def test_all_is_read_again_after_each_connection_to_the_broker(feed: Feed) -> None:
    session = uuid4()
    await feed.poll()
    await feed.note(session, seconds_ago=60)
    feed.ended.read_all_next()
    await feed.poll()
    assert await feed.answers(session) == {401}


@pytest.mark.parametrize("count", [PAGE, PAGE + 1, 2 * PAGE + 500])
async def test_every_page_of_ended_sessions_is_read_at_the_start(feed: Feed, count: int) -> None:
    sessions = [uuid4() for _ in range(count)]
    await feed.note(*sessions, seconds_ago=600)
    await feed.poll()
    assert [session for session in sessions if not feed.revocations.has_ended(session)] == []
    assert await feed.answers(sessions[0]) == await feed.answers(sessions[-1]) == {401}


async def test_every_page_of_sessions_that_ended_between_two_polls_is_read(feed: Feed) -> None:
    await feed.poll()
    sessions = [uuid4() for _ in range(2 * PAGE + 500)]
    await feed.note(*sessions)
    await feed.poll()
    assert [session for session in sessions if not feed.revocations.has_ended(session)] == []


class TrimmedMeanwhile(Redis):
    """A list of which identity forgets the oldest after its first page has been read."""

    trimmed = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        answer = await super().execute_command(*args, **options)
        if not self.trimmed and str(args[0]).startswith("Z") and str(args[0]) != "ZADD":
            self.trimmed = True
            await super().execute_command("ZREMRANGEBYRANK", ENDED_KEY, 0, 99)
        return answer


async def test_what_leaves_the_list_while_it_is_read_hides_nothing(redis_url: str, clock: ControlledClock) -> None:
    sessions = [uuid4() for _ in range(2 * PAGE)]
    async with TrimmedMeanwhile.from_url(redis_url) as redis:
        feed = Feed(redis, clock)
        oldest = feed.now() - KEPT_SECONDS + 100
        await redis.zadd(ENDED_KEY, {str(session): oldest + number / 10 for number, session in enumerate(sessions)})
        await feed.poll()
        assert await redis.zcard(ENDED_KEY) == len(sessions) - 100
        assert [number for number, session in enumerate(sessions[100:]) if not feed.revocations.has_ended(session)] == []


class SlowToAnswer(Redis):
    """A list whose reading takes ten seconds; what `meanwhile` names has ended when it has been read."""

    clock: ControlledClock
    meanwhile: list[UUID]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        answer = await super().execute_command(*args, **options)
        if str(args[0]).startswith("Z") and str(args[0]) != "ZADD":
            ended_at = self.clock.now().timestamp()
            self.clock.advance(seconds=10)
            while self.meanwhile:
                await super().execute_command("ZADD", ENDED_KEY, ended_at, str(self.meanwhile.pop()))
        return answer


async def test_a_session_that_ended_during_a_long_reading_is_refused_at_the_next(redis_url: str, clock: ControlledClock) -> None:
    session = uuid4()
    async with SlowToAnswer.from_url(redis_url) as redis:
        assert isinstance(redis, SlowToAnswer)
        redis.clock, redis.meanwhile = clock, [session]
        feed = Feed(redis, clock)
        await feed.poll()
        assert await feed.answers(session) == {200}
        await feed.poll()
        assert await feed.answers(session) == {401}


async def test_all_is_read_again_when_the_list_was_out_of_reach(
    redis_url: str, clock: ControlledClock, fault_proxy: StartProxy
) -> None:
    proxy = await fault_proxy(*endpoint(redis_url))
    async with Redis.from_url(through(redis_url, proxy.port), retry=Retry(NoBackoff(), 0)) as redis:
        feed, session = Feed(redis, clock), uuid4()
        await feed.poll()
        await feed.note(session, seconds_ago=60)
        proxy.refuse()
        await feed.poll()
        assert feed.revocations.seconds_since_confirmed() == POLL_SECONDS
        assert await feed.answers(session) == {200}
        await proxy.heal()
        await feed.poll()
        assert feed.revocations.seconds_since_confirmed() == 0
        assert await feed.answers(session) == {401}


async def test_sessions_whose_tokens_have_expired_are_forgotten(feed: Feed) -> None:
    old, young = uuid4(), uuid4()
    await feed.note(old)
    await feed.poll()
    await feed.poll(after_seconds=KEPT_SECONDS - 100)
    await feed.note(young)
    await feed.poll(after_seconds=100)
    assert [feed.revocations.has_ended(session) for session in (old, young)] == [False, True]
    assert len(feed.revocations) == 1
