"""A session that has ended is refused within a second, by event or by poll; money waits while ended sessions are unknown."""

import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import aio_pika
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from redis.asyncio import Redis

from chassis.auth.ended_sessions import ENDED_KEY, EndedSessions
from chassis.messaging.contracts import SOURCE, SPECVERSION, TIME, spec_of
from chassis.messaging.topology import exchange_of
from chassis.testing.running import endpoint, eventually, through
from elcorp.identity.v1.events_pb2 import SessionEnded

from .running_gateway import RunningGateway, Start, StartProxy


class Polls:
    """Counts the reads of the shared list."""

    def __init__(self) -> None:
        self.ended = 0

    async def more(self) -> None:
        """Wait for a read that starts from now on to finish."""
        before = self.ended
        await eventually(lambda: self.ended >= before + 2)


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> Polls:
    polls, poll = Polls(), EndedSessions.poll

    async def counted(self: EndedSessions) -> None:
        await poll(self)
        polls.ended += 1

    monkeypatch.setattr(EndedSessions, "poll", counted)
    # However long the test takes, a full read happens only after a new connection.
    monkeypatch.setattr("chassis.auth.ended_sessions.FULL_READ_SECONDS", 3600)
    return polls


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.auth.ended_sessions.POLL_SECONDS", 0.05)


async def announce(broker_url: str, session_id: UUID) -> None:
    """Publish what identity publishes when a session ends."""
    spec, at = spec_of(SessionEnded), datetime.now(UTC)
    until = Timestamp()
    until.FromDatetime(at)
    message = SessionEnded(session_id=str(session_id), user_id=str(uuid4()), tokens_valid_until=until, reason="logout")
    connection = await aio_pika.connect(broker_url)
    async with connection:
        exchange = await (await connection.channel()).get_exchange(exchange_of("identity"))
        await exchange.publish(
            aio_pika.Message(
                message.SerializeToString(),
                message_id=str(uuid4()),
                type=spec.type,
                content_type="application/protobuf",
                headers={SPECVERSION: "1.0", SOURCE: "/identity", TIME: at.isoformat()},
            ),
            routing_key=spec.type,
            mandatory=False,
        )


async def note(redis_url: str, session_id: UUID | str, *, ended_at: float | None = None) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(ENDED_KEY, {str(session_id): ended_at or time.time()})


async def listening(running: RunningGateway) -> None:
    async def connected() -> tuple[str | None, str | None]:
        _, report = await running.readiness()
        return report["checks"]["broker"], report["checks"]["redis"]

    await eventually(connected, (None, None))


async def status_of(running: RunningGateway, session: UUID, *, method: str = "GET", path: str = "/api/v1/users") -> int:
    status, _, _ = await running.call(method, path, token=False, headers=running.forge.headers(session_id=session))
    return status


@pytest.mark.clause("ASVS 7.4.1")
async def test_an_announced_end_is_known_at_once(gateway: Start, broker_url: str) -> None:
    running = await gateway()
    await listening(running)
    session = uuid4()
    assert await status_of(running, session) == 200
    await announce(broker_url, session)
    await eventually(lambda: status_of(running, session), 401)
    assert await status_of(running, uuid4()) == 200


async def test_a_stored_end_is_read_within_the_second_poll_without_the_broker(gateway: Start, redis_url: str) -> None:
    running = await gateway(rabbitmq_url="amqp://guest:guest@127.0.0.1:1/")
    session = uuid4()
    await note(redis_url, session)
    await eventually(lambda: status_of(running, session), 401)


async def test_ends_from_before_the_start_are_known_at_the_start(gateway: Start, redis_url: str) -> None:
    session = uuid4()
    await note(redis_url, session, ended_at=time.time() - 600)
    running = await gateway()
    await eventually(lambda: status_of(running, session), 401)


async def test_ends_stored_late_are_known_after_a_broker_outage(
    gateway: Start, broker_url: str, redis_url: str, fault_proxy: StartProxy, polls: "Polls"
) -> None:
    proxy = await fault_proxy(*endpoint(broker_url))
    running = await gateway(rabbitmq_url=through(broker_url, proxy.port))
    await listening(running)
    # The full read after a connection finishes with the next poll.
    await polls.more()
    proxy.refuse()
    session = uuid4()
    # Dated before the period that a poll reads.
    await note(redis_url, session, ended_at=time.time() - 60)
    await polls.more()
    assert await status_of(running, session) == 200
    await proxy.heal()
    await eventually(lambda: status_of(running, session), 401)


@pytest.mark.clause("ASVS 16.5.3")
async def test_without_redis_reads_continue_and_money_waits(gateway: Start, redis_url: str, fault_proxy: StartProxy) -> None:
    proxy = await fault_proxy(*endpoint(redis_url))
    running = await gateway(redis_url=through(redis_url, proxy.port))
    session = uuid4()
    transfer = {"method": "POST", "path": "/api/v1/transfers"}
    await eventually(lambda: status_of(running, session, **transfer), 200)
    proxy.refuse()
    await eventually(lambda: status_of(running, session, **transfer), 503)
    status, headers, body = await running.call("POST", "/api/v1/transfers", json={})
    assert (status, body["code"], headers["Retry-After"]) == (503, "SRV_002", "2")
    assert await status_of(running, session, path="/api/v1/transfers") == 200
    assert await status_of(running, session, method="POST") == 200
    await proxy.heal()
    await eventually(lambda: status_of(running, session, **transfer), 200)


@pytest.mark.clause("ASVS 16.5.3")
async def test_without_redis_from_the_start_money_waits_and_reads_are_answered(gateway: Start) -> None:
    running = await gateway(redis_url="redis://127.0.0.1:1/0")
    assert await status_of(running, uuid4(), method="POST", path="/api/v1/issuances") == 503
    assert await status_of(running, uuid4()) == 200
    status, headers, _ = await running.call("GET", "/api/v1/users")
    assert (status, headers["RateLimit-Limit"]) == (200, "600")


async def test_an_unreadable_entry_has_no_effect(gateway: Start, redis_url: str) -> None:
    session = uuid4()
    await note(redis_url, "no-uuid")
    await note(redis_url, session)
    running = await gateway()
    await eventually(lambda: status_of(running, session), 401)
