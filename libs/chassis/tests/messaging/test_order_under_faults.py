"""Whatever handlers do, and whenever processes die: each effect happens once, in order within its aggregate, and none is lost."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.messaging import queue_worker
from chassis.messaging.connection import BrokerLost
from chassis.messaging.contracts import Subscription
from chassis.messaging.parked_letters import ParkedLetters
from chassis.messaging.queue_worker import SingleWorker
from chassis.persistence.delivery import AlreadyHandled
from chassis.testing.running import eventually
from chassis.waiting import Backoff
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import AlreadyExists, StaleVersion, Unavailable
from kernel.ids import new_id

QUEUE, TYPE = "payments.identity", "identity.user.registered"
ERRORS: dict[str, type[Exception]] = {
    "away": Unavailable,
    "transient": StaleVersion,
    "refused": AlreadyExists,
    "defect": KeyError,
}
# What happens in a handler before it succeeds: an error, or the death of its process before or after the commit.
FAULTS = st.lists(st.sampled_from([*ERRORS, "dies before commit", "dies after commit"]), max_size=2)


class MemoryBroker:
    """One queue: delivers up to `prefetch` messages, keeps what is not acknowledged, and returns it to the front at a loss."""

    def __init__(self, messages: list[Any]) -> None:
        self.waiting = deque(messages)
        self.unacknowledged: dict[int, Any] = {}
        self.tag = 0

    def session(self) -> Any:
        self.waiting.extendleft(reversed(self.unacknowledged.values()))
        self.unacknowledged = {}
        return MemorySession(self)


class MemorySession:
    """A session, its channel and its intake."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.lost = asyncio.Event()
        self.channel = self
        self._broker = broker
        self._take: Callable[[Any], Awaitable[None]]
        self._prefetch = 0

    def fail(self, error: BaseException | None) -> None:
        self.lost.set()

    def open(self, prefetch: int) -> "MemorySession":
        self._prefetch = prefetch
        return self

    async def consume(self, take: Callable[[Any], Awaitable[None]]) -> None:
        self._take = take
        await self._deliver()

    async def close(self) -> None:
        self._prefetch = 0

    async def basic_ack(self, tag: int, *, wait: bool) -> None:
        if self.lost.is_set():
            raise BrokerLost
        del self._broker.unacknowledged[tag]
        await self._deliver()

    async def _deliver(self) -> None:
        broker = self._broker
        while broker.waiting and len(broker.unacknowledged) < self._prefetch:
            message = broker.waiting.popleft()
            broker.tag += 1
            message.delivery_tag = broker.tag
            broker.unacknowledged[broker.tag] = message
            await self._take(message)


class Service:
    """A service whose handler meets the given faults. It has an inbox, as each unit of work has."""

    def __init__(self, faults: dict[tuple[str, int], list[str]]) -> None:
        self._faults = faults
        self._inbox: set[Any] = set()
        self.effects: dict[str, list[int]] = defaultdict(list)
        self.dies = asyncio.Event()

    async def handle(self, delivery: Any) -> None:
        user, number = delivery.message.user_id, int(delivery.message.wallet_address)
        faults = self._faults.get((user, number), [])
        fault = faults.pop(0) if faults else ""
        if fault in ERRORS:
            raise ERRORS[fault]
        if fault == "dies before commit":
            await self._die()
        if delivery.message_id in self._inbox:
            raise AlreadyHandled
        self._inbox.add(delivery.message_id)
        self.effects[user].append(number)
        if fault == "dies after commit":
            await self._die()

    async def _die(self) -> None:
        self.dies.set()
        await asyncio.Event().wait()

    def count(self) -> int:
        return sum(len(numbers) for numbers in self.effects.values())


def message_of(user: str, number: int) -> Any:
    return SimpleNamespace(
        message_id=str(new_id()),
        type=TYPE,
        app_id="identity",
        redelivered=False,
        body=identity.UserRegistered(user_id=user, wallet_address=str(number)).SerializeToString(),
        headers={
            "cloudEvents:source": "/identity",
            "cloudEvents:time": "2026-01-01T00:00:00+00:00",
            "cloudEvents:subject": user,
        },
    )


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_intake(session: MemorySession, _queue: str, prefetch: int) -> MemorySession:
        return session.open(prefetch)

    async def same(channel: MemorySession) -> MemorySession:
        return channel

    monkeypatch.setattr(queue_worker, "Intake", SimpleNamespace(open=open_intake))
    monkeypatch.setattr(queue_worker, "underlay_of", same)
    monkeypatch.setattr(queue_worker, "Backoff", lambda: Backoff(first_seconds=0.001, seconds_max=0.001))
    monkeypatch.setattr("chassis.messaging.outages.FIRST_SECONDS", 0.001)
    monkeypatch.setattr("chassis.messaging.outages.SECONDS_MAX", 0.001)
    monkeypatch.setattr("chassis.messaging.verdicts.RETRY_SECONDS", (0,))
    monkeypatch.setattr("chassis.messaging.verdicts.AWAY_SECONDS", 0)
    monkeypatch.setattr("chassis.messaging.parked_worker.POLL_SECONDS", 0.005)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(users=st.lists(st.sampled_from("abc"), min_size=1, max_size=8), prefetch=st.integers(1, 6), data=st.data())
async def test_each_effect_happens_once_and_in_order(no_pauses, database, users, prefetch, data):
    sent = [(user, users[:position].count(user)) for position, user in enumerate(users)]
    faults = {each: data.draw(FAULTS, label=f"faults of {each}") for each in sent}
    broker, service = MemoryBroker([message_of(*each) for each in sent]), Service(faults)
    letters = ParkedLetters(database, {})

    async def is_over() -> bool:
        # An operator who releases everything again and again, which also ends the leases of dead processes.
        released = await letters.release(queue=None, aggregate=None)
        is_done = service.count() == len(sent) and not (broker.waiting or broker.unacknowledged or released)
        return is_done or service.dies.is_set()

    while True:
        service.dies = asyncio.Event()
        worker = SingleWorker(QUEUE, {TYPE: Subscription(identity.UserRegistered, service.handle)}, database, prefetch=prefetch)
        await worker.start(broker.session())
        await eventually(is_over, seconds=60)
        await worker.finish(0)
        if not service.dies.is_set():
            break
    assert service.effects == {user: list(range(users.count(user))) for user in set(users)}
