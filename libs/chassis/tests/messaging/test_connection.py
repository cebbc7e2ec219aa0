"""How often a lost connection is retried."""

import asyncio

import aiormq
import pytest

from chassis.messaging.connection import HEARTBEAT_SECONDS, BrokerLost, Session, address, keep_session
from chassis.waiting import Backoff


class RecordedBackoff(Backoff):
    """Records the longest possible wait each time, does not wait, and stops after the fourth."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._stop = stop

    def next(self) -> float:
        self.waits.append(self._next)
        super().next()
        if len(self.waits) == 4:
            self._stop.set()
        return 0


async def lose(_session: Session) -> None:
    raise BrokerLost("at once")


@pytest.mark.parametrize(("stable_seconds", "waits"), [(3600, [0.2, 0.4, 0.8, 1.6]), (-1, [0.2, 0.2, 0.2, 0.2])])
async def test_a_session_that_ended_early_makes_the_next_wait_longer(broker_url, monkeypatch, stable_seconds, waits):
    monkeypatch.setattr("chassis.messaging.connection.STABLE_SECONDS", stable_seconds)
    stop = asyncio.Event()
    backoff = RecordedBackoff(stop)
    await keep_session(broker_url, lose, name="test", stop=stop, backoff=backoff)
    assert backoff.waits == waits


async def test_waits_for_an_absent_broker_grow(monkeypatch):
    monkeypatch.setattr("chassis.messaging.connection.STABLE_SECONDS", 3600)
    stop = asyncio.Event()
    backoff = RecordedBackoff(stop)
    await keep_session("amqp://guest:guest@127.0.0.1:1/", lose, name="test", stop=stop, backoff=backoff)
    assert backoff.waits == [0.2, 0.4, 0.8, 1.6]


async def test_a_process_without_a_broker_url_ends_with_the_settings_name():
    with pytest.raises(ValueError, match="ELCORP_RABBITMQ_URL is not set"):
        await keep_session("", lose, name="test", stop=asyncio.Event())


@pytest.mark.parametrize(("url", "shown"), [("amqp://x:y@mq/", "mq:5672"), ("amqps://x:y@mq/a?cafile=/ca", "mq:5671/a")])
def test_the_brokers_address_has_the_default_port_of_its_scheme(url, shown):
    assert address(url) == shown


def test_a_silent_broker_is_given_up_within_fifteen_seconds():
    """aiormq's rule; test_listener loses a silent broker by it, with a shorter heartbeat."""
    allowed = (HEARTBEAT_SECONDS + 1) * aiormq.Connection.HEARTBEAT_GRACE_MULTIPLIER
    checked_every = max(1, HEARTBEAT_SECONDS // 2)
    assert allowed + checked_every <= 15
