"""What each read of the shared list of ended sessions finds, on a real Redis, with a clock that the test moves."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chassis.auth.ended_sessions import (
    ENDED_KEY,
    FACTORS_KEY,
    FULL_READ_SECONDS,
    OVERLAP_SECONDS,
    PAGE,
    POLL_SECONDS,
    EndedSessions,
    factors_member,
)
from chassis.auth.revocations import KEPT_SECONDS, Revocations
from chassis.testing.clocks import ControlledClock
from chassis.testing.running import endpoint, through
from chassis.testing.tokens import TokenForge
from gateway.authentication import Authentication
from gateway.error_responses import Refusal
from gateway.rate_limits import RateLimits
from gateway.routes import Route
from kernel.assurance import Factors

from .running_gateway import StartProxy

ROUTES = (Route("users", "identity"), Route("transfers", "payments", strict=True))


class Feed:
    """The shared list, and what a gateway knows of it."""

    def __init__(self, redis: Redis, clock: ControlledClock) -> None:
        self.redis = redis
        self.clock = clock
        self.revocations = Revocations(now=self.now, elapsed=clock.elapsed)
        self.ended = EndedSessions(redis, self.revocations, now=self.now, elapsed=clock.elapsed)
        self.forge = TokenForge()
        self.authentication = Authentication(self.forge.verifier(), self.revocations, RateLimits(1))

    def now(self) -> float:
        return self.clock.now().timestamp()

    async def note(self, *sessions: UUID, seconds_ago: float = 0) -> None:
        """Write what identity writes when sessions end."""
        await self.redis.zadd(ENDED_KEY, {str(session): self.now() - seconds_ago for session in sessions})

    async def poll(self, *, after_seconds: float = POLL_SECONDS) -> None:
        self.clock.advance(seconds=after_seconds)
        await self.ended.poll()

    async def answers(self, session: UUID) -> set[int]:
        """Return the statuses that a token of the session gets on all kinds of routes; 200 if it is accepted."""
        token = f"Bearer {self.forge.token(session_id=session)}".encode()
        return {await self._answer(token, route, method) for route in ROUTES for method in ("GET", "POST")}

    async def _answer(self, token: bytes, route: Route, method: str) -> int:
        try:
            self.authentication.require(await self.authentication.identify(token, "41.182.0.9"), route, method)
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
    # Dated before the last poll, which could not see it yet: identity was slow to write it, or its clock is behind.
    await feed.note(session, seconds_ago=seconds_ago)
    await feed.poll()
    assert await feed.answers(session) == {401}
    assert await feed.answers(uuid4()) == {200}


async def test_a_session_dated_further_back_is_refused_after_a_full_read(feed: Feed) -> None:
    session = uuid4()
    await feed.poll()
    await feed.note(session, seconds_ago=60)
    await feed.poll()
    assert await feed.answers(session) == {200}
    await feed.poll(after_seconds=FULL_READ_SECONDS)
    assert await feed.answers(session) == {401}


@pytest.mark.parametrize("jump", [600, -600])
async def test_an_ended_session_stays_refused_when_the_time_of_day_is_set(feed: Feed, jump: float) -> None:
    old, during, later = uuid4(), uuid4(), uuid4()
    await feed.note(old, seconds_ago=13 * 60)
    await feed.poll()
    feed.clock.jump(seconds=jump)
    # Identity's clock is right.
    await feed.note(during, seconds_ago=jump)
    await feed.poll(after_seconds=FULL_READ_SECONDS)
    await feed.poll()
    assert await feed.answers(during) == {401}
    feed.clock.jump(seconds=-jump)
    await feed.note(later)
    await feed.poll()
    assert [await feed.answers(session) for session in (old, during, later)] == [{401}] * 3


async def test_the_whole_list_is_read_after_each_connection_to_the_broker(feed: Feed) -> None:
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


class Meddling(Redis):
    """Changes a list after one page of each has been read, before the reader receives it."""

    def pipeline(self, *args: Any, **options: Any) -> Any:
        pipe = super().pipeline(*args, **options)
        execute = pipe.execute

        async def execute_then_meddle(*args: Any, **options: Any) -> Any:
            answer = await execute(*args, **options)
            await self.meddle()
            return answer

        pipe.execute = execute_then_meddle  # type: ignore[method-assign]  # of this pipeline only
        return pipe

    async def meddle(self) -> None:
        raise NotImplementedError


class TrimmedMeanwhile(Meddling):
    """Removes the oldest entries of a list, as identity does, after its first page has been read."""

    trimmed = False

    async def meddle(self) -> None:
        if not self.trimmed:
            self.trimmed = True
            await self.zremrangebyrank(ENDED_KEY, 0, 99)


async def test_entries_removed_during_a_read_hide_no_others(redis_url: str, clock: ControlledClock) -> None:
    sessions = [uuid4() for _ in range(2 * PAGE)]
    async with TrimmedMeanwhile.from_url(redis_url) as redis:
        feed = Feed(redis, clock)
        oldest = feed.now() - KEPT_SECONDS + 100
        await redis.zadd(ENDED_KEY, {str(session): oldest + number / 10 for number, session in enumerate(sessions)})
        await feed.poll()
        assert await redis.zcard(ENDED_KEY) == len(sessions) - 100
        assert [number for number, session in enumerate(sessions[100:]) if not feed.revocations.has_ended(session)] == []


class SlowToAnswer(Meddling):
    """A list that takes ten seconds to read; the sessions in `meanwhile` end during the read."""

    clock: ControlledClock
    meanwhile: list[UUID]

    async def meddle(self) -> None:
        ended_at = self.clock.now().timestamp()
        self.clock.advance(seconds=10)
        while self.meanwhile:
            await self.zadd(ENDED_KEY, {str(self.meanwhile.pop()): ended_at})


async def test_a_session_that_ended_during_a_long_read_is_refused_at_the_next(redis_url: str, clock: ControlledClock) -> None:
    session = uuid4()
    async with SlowToAnswer.from_url(redis_url) as redis:
        assert isinstance(redis, SlowToAnswer)
        redis.clock, redis.meanwhile = clock, [session]
        feed = Feed(redis, clock)
        await feed.poll()
        assert await feed.answers(session) == {200}
        await feed.poll()
        assert await feed.answers(session) == {401}


async def test_the_whole_list_is_read_again_after_an_outage(
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


class Counting(Redis):
    """Counts a client's round trips."""

    trips = 0

    def pipeline(self, *args: Any, **options: Any) -> Any:
        self.trips += 1
        return super().pipeline(*args, **options)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.trips += 1
        return await super().execute_command(*args, **options)


async def change_factors(feed: Feed, factors: Factors, *users: UUID, seconds_ago: float = 0) -> None:
    """Write what identity writes when users' factors change."""
    changed = {factors_member(user, factors): feed.now() - seconds_ago for user in users}
    await feed.redis.zadd(FACTORS_KEY, changed)


@pytest.mark.parametrize("has_second", [False, True])
async def test_changed_factors_are_read_with_the_ended_sessions(feed: Feed, has_second: bool) -> None:
    user, session, factors = uuid4(), uuid4(), Factors(12, has_second)
    await feed.poll()
    await change_factors(feed, factors, user)
    await feed.note(session)
    await feed.poll()
    assert (feed.revocations.outdating(str(user), 11), feed.revocations.outdating(str(user), 12)) == (factors, None)
    assert feed.revocations.has_ended(session)


@pytest.mark.parametrize(("sessions", "users", "trips"), [(0, 0, 1), (1, PAGE - 1, 1), (1, PAGE, 2), (2 * PAGE, PAGE + 1, 3)])
async def test_both_lists_are_read_page_by_page_in_one_round_trip_each(
    redis_url: str, clock: ControlledClock, sessions: int, users: int, trips: int
) -> None:
    async with Counting.from_url(redis_url) as redis:
        assert isinstance(redis, Counting)
        feed, ended, changed = Feed(redis, clock), [uuid4() for _ in range(sessions)], [uuid4() for _ in range(users)]
        if sessions:
            await feed.note(*ended, seconds_ago=600)
        if users:
            await change_factors(feed, Factors(1, has_second=True), *changed, seconds_ago=600)
        redis.trips = 0
        await feed.poll()
        assert redis.trips == trips
    assert [session for session in ended if not feed.revocations.has_ended(session)] == []
    assert [user for user in changed if not feed.revocations.outdating(str(user), 0)] == []


@pytest.mark.parametrize("member", ["", "word", "a:b:c", "00000000-0000-0000-0000-000000000000:x:1", "1:2:3:4"])
async def test_unreadable_entries_hide_no_other_change(feed: Feed, member: str) -> None:
    user = uuid4()
    await feed.redis.zadd(FACTORS_KEY, {member: feed.now()})
    await change_factors(feed, Factors(1, has_second=True), user, seconds_ago=1)
    await feed.poll()
    assert (bool(feed.revocations.outdating(str(user), 0)), feed.revocations.is_current) == (True, True)


async def test_factor_versions_whose_tokens_have_all_expired_are_forgotten(feed: Feed) -> None:
    old, young = uuid4(), uuid4()
    await change_factors(feed, Factors(1, has_second=True), old)
    await feed.poll()
    await feed.poll(after_seconds=KEPT_SECONDS - 100)
    await change_factors(feed, Factors(1, has_second=True), young)
    await feed.poll(after_seconds=100)
    assert [bool(feed.revocations.outdating(str(user), 0)) for user in (old, young)] == [False, True]
    assert feed.revocations.subjects == 1
