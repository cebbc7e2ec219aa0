"""A leader that hangs is replaced, and does no harm when it wakes up late."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from functools import partial
from unittest.mock import Mock

import psycopg
import pytest

from chassis.messaging.leadership import Standby, connect, lead
from chassis.messaging.lease import LOOKS, Lease, LeaseExpired, Terms
from chassis.messaging.publisher import IN_FLIGHT_MAX
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running

QUEUE = "payments.identity"
LEASE_SECONDS = 3
_RELAYS = """
    SELECT pid, pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') AS leads FROM pg_stat_activity
    WHERE application_name LIKE 'relay%' AND datname = current_database()
"""


@pytest.fixture
async def stack():
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def leader(database_urls, stack):
    return await stack.enter_async_context(lead(database_urls.relay, stop=asyncio.Event(), terms=Terms()))


@pytest.fixture
def connection(stack):
    async def open_(url: str, name: str) -> psycopg.AsyncConnection:
        opened: psycopg.AsyncConnection = await stack.enter_async_context(await connect(url, application_name=name))
        return opened

    return open_


async def test_a_leader_is_left_alone_while_it_gives_signs_of_life(leader, connection, database_urls):
    standby = Standby(await connection(database_urls.relay, "relay-leader"), Terms())
    for _ in range(3):
        for _ in range(LOOKS):
            await standby.look()
        await leader.renew()


async def test_a_leader_without_signs_of_life_loses_all_its_connections_and_the_lock(leader, connection, database_urls):
    work = await leader.connect(database_urls.relay)
    bystander = await connection(database_urls.relay, "relay of 1")
    standby = Standby(await connection(database_urls.relay, "relay-leader"), Terms())
    await leader.renew()
    for _ in range(LOOKS + 1):
        await standby.look()
    with pytest.raises(psycopg.OperationalError):
        await work.execute("DELETE FROM outbox")
    with pytest.raises(psycopg.OperationalError):
        await leader.renew()
    await bystander.execute("SELECT 1")
    async with lead(database_urls.relay, stop=asyncio.Event(), terms=Terms()) as next_leader:
        assert next_leader


async def test_a_leader_of_another_role_is_not_ended(connection, database_urls):
    """PostgreSQL hides its signs of life: the relay of the previous release connects as the runtime role."""
    standby = Standby(await connection(database_urls.relay, "relay-leader"), Terms())
    async with lead(database_urls.app, stop=asyncio.Event(), terms=Terms()) as leader:
        for _ in range(LOOKS * 2):
            await standby.look()
        assert leader
        await leader.renew()


def test_a_lease_ends_for_its_holder_before_a_standby_may_end_it():
    clock = Mock()
    lease = Lease(Terms(10), since=100.0, clock=clock)

    def held(at: float) -> bool:
        clock.return_value = at
        return lease.held

    assert (held(107.9), held(108.0)) == (True, False)
    with pytest.raises(LeaseExpired):
        lease.require()
    # A renewal counts from the time before its statement.
    lease.renew(103.0)
    assert (held(110.9), held(111.0)) == (True, False)
    assert Terms(10).own_seconds < Terms(10).poll_seconds * LOOKS


async def test_a_stopped_leader_is_replaced_and_publishes_nothing_when_it_wakes_up(
    outbox, broker_url, publications, register, broker, nursery, fault_proxy_to
):
    proxy, url = await fault_proxy_to(broker_url)
    stopped = await nursery.start("relay", broker_url=url, lease_seconds=LEASE_SECONDS)
    await outbox.write(register("first"))
    await outbox.wait_empty()
    # It stops in the middle of a wave: a hundred of its messages wait for their confirms, the others for their turn.
    proxy.blackhole(replies_only=True)
    await outbox.write(*(register(f"user-{number % 4}", number) for number in range(400)))
    await eventually(partial(broker.depth, QUEUE), 1 + IN_FLIGHT_MAX)
    os.kill(stopped, signal.SIGSTOP)
    old = await relays(outbox)
    async with running(Relay(outbox.url, broker_url, publications, lease_seconds=LEASE_SECONDS).run):
        await outbox.wait_empty()
        assert not old.keys() & (await relays(outbox)).keys()
        sent = await broker.depth(QUEUE)
        await proxy.heal()
        os.kill(stopped, signal.SIGCONT)
        # It stands by, so its time as a leader is over.
        await eventually(partial(leaders, outbox), [False, True])
        assert await broker.depth(QUEUE) == sent
    await nursery.kill(stopped)


async def relays(outbox) -> dict[int, bool]:
    """Return the relays' connections, and which of them hold the lock."""
    async with await psycopg.AsyncConnection.connect(outbox.url) as connection:
        return dict(await (await connection.execute(_RELAYS)).fetchall())


async def leaders(outbox) -> list[bool]:
    async with await psycopg.AsyncConnection.connect(outbox.url) as connection:
        found = await connection.execute(f"{_RELAYS} AND application_name = 'relay-leader' ORDER BY leads")
        return [leads for _, leads in await found.fetchall()]
