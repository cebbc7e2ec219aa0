"""A bank's day in half a minute, on two of each process: many users, every part failing in turn, and not a cent lost.

Clients transfer, put on hold, capture, void, refund, reverse and send bulk transfers at random. They repeat each request with
its key until it is answered. Meanwhile processes and PostgreSQL backends are killed, connections are cut, responses are lost and
a peer stops answering. Afterwards the ledger, the events and the audit log must agree.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
import psycopg
import pytest
from factors import add_second_factor, step_up
from journey import Api, Person, until

from chassis.testing.faults import FaultProxy
from elcorp.payments.v1 import events_pb2
from elcorp_local.platform import Platform
from payments.infrastructure.sql.ledger_verifications import RULES

pytestmark = pytest.mark.e2e
CLIENTS, WALLETS = 64, 12
# How many requests must succeed between two faults, so that each fault hits a busy bank, however fast the machine is.
ACTS_BETWEEN = 40
FUNDS = "500.00"
# Errors that a client may get because of a concurrent request: not enough money, or a hold that has ended.
# PAY_044: the payer has the maximum number of bulk transfers.
REFUSED = {"PAY_001", "PAY_012", "PAY_014", "PAY_044"}
SETTLED, SETTLED_TOGETHER = "payments.transfer.settled", "payments.transfers.settled"
BULK_LINES = 8
# A killed worker is considered dead after a while; the next one continues its work.
BULKS_END_SECONDS_MAX = 180


@dataclass
class Done:
    """The responses that clients received, by their idempotency keys: the transfer that each request created or changed."""

    moved: dict[str, str] = field(default_factory=dict)
    bulks: dict[str, str] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)


@dataclass
class Client:
    http: httpx.AsyncClient
    people: list[Person]
    officer: Person
    done: Done
    choose: random.Random
    is_over: asyncio.Event

    async def work(self) -> None:
        acts = (self.transfer, self.hold, self.refund, self.reverse, self.bulk)
        while not self.is_over.is_set():
            await self.choose.choices(acts, weights=(8, 4, 3, 2, 1))[0]()

    async def transfer(self) -> str | None:
        source, target = self.choose.sample(self.people, 2)
        return await self._move("/transfers", source, self._order(source, target))

    async def hold(self) -> None:
        """Put money on hold; its receiver captures a part or voids it, or two requests capture it at once."""
        source, target = self.choose.sample(self.people, 2)
        body = {**self._order(source, target), "capture": "later"}
        held = await self._move("/transfers", source, body)
        if held is None:
            return
        ends: list[tuple[str, dict[str, str]]] = [
            ("capture", {"amount": "0.01"}),
            ("capture", {}),
            ("void", {"reason": "no more"}),
        ]
        picked = self.choose.choices(ends, k=2)
        answers = await asyncio.gather(*(self._act(held, target, verb, body) for verb, body in picked))
        # One of two concurrent requests succeeds. Both may report success only if the second repeated one with a lost response.
        assert any(answers)

    async def refund(self) -> None:
        source, target = self.choose.sample(self.people, 2)
        moved = await self._move("/transfers", source, self._order(source, target))
        if moved:
            await self._move(f"/transfers/{moved}/refund", target, {"amount": "0.01", "reason": "too much"})

    async def reverse(self) -> None:
        source, target = self.choose.sample(self.people, 2)
        moved = await self._move("/transfers", source, self._order(source, target))
        if moved:
            await self._move(f"/transfers/{moved}/reverse", self.officer, {"reason": "mistake"})

    async def bulk(self) -> None:
        source, *targets = self.choose.sample(self.people, 4)
        body = {
            "source_wallet_id": source.wallet_id,
            "currency": "NAD",
            "mode": self.choose.choice(["best_effort", "all_or_nothing"]),
            "lines": [{"target_wallet_id": targets[n % 3].wallet_id, "amount": "0.03"} for n in range(BULK_LINES)],
        }
        key = str(uuid4())
        response = await self._answered("/transfers/bulk", source, body, key)
        if response.status_code != httpx.codes.ACCEPTED:
            assert response.json()["code"] in REFUSED, response.text
            return
        self.done.bulks[key] = response.json()["data"]["id"]
        self.done.acts["bulk"] += 1

    async def _act(self, transfer_id: str, by: Person, verb: str, body: dict[str, Any]) -> bool:
        response = await self._answered(f"/transfers/{transfer_id}/{verb}", by, body, str(uuid4()))
        assert response.status_code == 200 or response.json()["code"] in REFUSED, response.text
        self.done.acts[verb] += response.is_success
        return response.is_success

    async def _move(self, path: str, by: Person, body: dict[str, Any]) -> str | None:
        key = str(uuid4())
        response = await self._answered(path, by, body, key)
        if response.status_code != 201:
            assert response.json()["code"] in REFUSED, response.text
            return None
        self.done.moved[key] = response.json()["data"]["id"]
        self.done.acts[path.rpartition("/")[2]] += 1
        return self.done.moved[key]

    async def _answered(self, path: str, by: Person, body: dict[str, Any], key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {by.access_token}", "Idempotency-Key": key}
        for _ in range(1200):
            try:
                response = await self.http.post(f"/api/v1{path}", json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            # In progress: an earlier attempt, whose response was lost, still runs.
            if response.status_code != 503 and response.json().get("code") != "RES_004":
                return response
            await asyncio.sleep(0.1)
        raise AssertionError("no answer in two minutes")

    def _order(self, source: Person, target: Person) -> dict[str, Any]:
        return {
            "source_wallet_id": source.wallet_id,
            "target_wallet_id": target.wallet_id,
            "amount": f"{self.choose.randint(2, 5000) / 100:.2f}",
            "currency": "NAD",
        }


async def fail_in_turn(platform: Platform, network: FaultProxy, done: Done, is_over: asyncio.Event) -> None:
    """Let one part after another fail, then set `is_over`."""
    faults: list[Callable[[], Awaitable[None]]] = [
        lambda: _killed(platform, "payments-work"),
        lambda: _cut(platform),
        lambda: _killed(platform, "payments-serve", "compliance-serve-2"),
        lambda: _answers_lost(network),
        lambda: _backend_killed(platform),
        lambda: _paused(platform, "compliance-serve"),
        lambda: _killed(platform, "compliance-work", "compliance-work-2"),
        lambda: _cut(platform),
        lambda: _killed(platform, "gateway"),
        lambda: _killed(platform, "payments-jobs", "payments-jobs-2"),
        lambda: _answers_lost(network),
        lambda: _killed(platform, "gateway-2", "payments-work", "payments-work-2"),
    ]
    for fault in faults:
        await _busy(done)
        await fault()
    await _busy(done)
    is_over.set()


async def _busy(done: Done) -> None:
    before = done.acts.total()

    async def has_done_more() -> bool:
        return done.acts.total() >= before + ACTS_BETWEEN

    await until(has_done_more, "the clients to make progress", seconds_max=120, pause_seconds=0.02)


async def _killed(platform: Platform, *names: str) -> None:
    for name in names:
        platform.kill(name)


async def _paused(platform: Platform, name: str) -> None:
    """Pause both replicas of a process: they stay connected and do not answer, as if packets were lost."""
    platform.pause(name)
    # Longer than any caller waits for its response.
    await asyncio.sleep(1.5)
    platform.resume(name)


async def _cut(platform: Platform) -> None:
    """Terminate every connection of payments to its database, whatever it is doing."""
    ending = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
    )
    await scalar(platform.database_url("payments"), ending)


async def _backend_killed(platform: Platform) -> None:
    """Kill a PostgreSQL backend, as the kernel does when memory runs out: the server ends all others and recovers."""
    busy = "SELECT max(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
    os.kill(await scalar(platform.database_url("payments"), busy), signal.SIGKILL)


async def _answers_lost(network: FaultProxy) -> None:
    """Deliver and process requests but lose their responses and cut the connections."""
    before = network.held_back
    network.blackhole(replies_only=True)

    async def is_lost() -> bool:
        return network.held_back >= before + CLIENTS // 2

    await until(is_lost, "responses to be lost", seconds_max=120, pause_seconds=0.02)
    network.cut()
    await network.heal()


@asynccontextmanager
async def settled_events(platform: Platform) -> AsyncIterator[set[str]]:
    """Collect the events that payments publishes, starting before the load; the broker delivers each at least once."""
    received: set[str] = set()

    async def receive(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        if message.routing_key == SETTLED_TOGETHER:
            received.update(one.transfer_id for one in events_pb2.TransfersSettled.FromString(message.body).transfers)
        else:
            received.add(events_pb2.TransferSettled.FromString(message.body).transfer_id)

    connection = await aio_pika.connect(platform.backing.rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        for routing_key in (SETTLED, SETTLED_TOGETHER):
            await queue.bind(await channel.get_exchange("elcorp.payments"), routing_key)
        await queue.consume(receive, no_ack=True)
        yield received


async def scalar(url: str, query: str, *parameters: object) -> int:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute(query, parameters or None)).fetchone()
        return int(row[0]) if row and row[0] is not None else 0


async def broken_rules(url: str) -> dict[str, list[Any]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = {rule.name: await (await connection.execute(rule.broken_by)).fetchall() for rule in RULES}
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
async def network(platform: Platform) -> AsyncIterator[FaultProxy]:
    proxy = await FaultProxy.start("localhost", platform.processes.ports.gateway)
    yield proxy
    await proxy.close()


@pytest.fixture
async def behind(network: FaultProxy) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client behind a network that fails."""
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{network.port}", timeout=20, limits=httpx.Limits(max_connections=100)
    ) as client:
        yield client


@pytest.fixture
async def officer(api: Api, client: httpx.AsyncClient, admin: Person, holder: Callable[..., Awaitable[Person]]) -> Person:
    """Return a user who may reverse transfers and has just signed in with two factors."""
    officer = await holder("Officer")
    await api.data("POST", "/role-assignments", by=admin, expect=201, subject_id=officer.user_id, role="admin", reason="e2e")

    async def has_role() -> bool:
        headers = {"Authorization": f"Bearer {officer.access_token}"}
        return (await client.get("/api/v1/ledger/trial-balance", headers=headers)).is_success

    await until(has_role, "the officer's role to arrive")
    await step_up(api, officer, await add_second_factor(api, officer))
    return officer


async def test_not_a_cent_is_made_lost_or_moved_twice(
    behind: httpx.AsyncClient, network: FaultProxy, platform: Platform, holder: Callable[..., Awaitable[Person]], officer: Person
) -> None:
    people = [await holder(f"Customer{n}", funds=FUNDS) for n in range(WALLETS)]
    wallets = [person.wallet_id for person in people]
    payments, compliance = platform.database_url("payments", "owner"), platform.database_url("compliance", "owner")
    held_by_us = "SELECT sum(balance) * 100 FROM accounts WHERE id = ANY(%s)"
    total = await scalar(payments, held_by_us, wallets)
    before = await scalar(payments, "SELECT count(*) FROM transfers WHERE status IN ('completed', 'reversed')")
    done = Done()
    async with settled_events(platform) as received:
        is_over = asyncio.Event()
        clients = [Client(behind, people, officer, done, random.Random(seed), is_over) for seed in range(CLIENTS)]
        await asyncio.gather(fail_in_turn(platform, network, done, is_over), *(one.work() for one in clients))

        # Enough to have met every fault; the number depends on the machine.
        assert len(done.moved) > CLIENTS
        wanted = {"transfers", "refund", "reverse", "capture", "void", "bulk"}
        assert wanted <= {act for act, times in done.acts.items() if times}
        await bulks_end(payments, done)
        # One key has one effect, and every reported effect exists.
        assert len(set(done.moved.values())) == len(done.moved)
        found = "SELECT count(*) FROM transfers WHERE idempotency_key = ANY(%s)"
        assert await scalar(payments, found, list(done.moved)) == len(done.moved)
        # The ledger satisfies each of its rules.
        assert await scalar(payments, held_by_us, wallets) == total == WALLETS * 50_000
        assert await broken_rules(payments) == {}

        transfers = await scalar(payments, "SELECT count(*) FROM transfers")
        settled = await scalar(payments, "SELECT count(*) FROM transfers WHERE status IN ('completed', 'reversed')")

        async def drained() -> bool:
            unsent, audited = await scalar(payments, "SELECT count(*) FROM outbox"), await scalar(compliance, _MADE)
            # pytest shows this output if it takes too long.
            print(f"unsent {unsent}, received {len(received)} of {settled - before}, audited {audited} of {transfers}")
            return unsent == 0 and audited >= transfers and len(received) >= settled - before

        await until(drained, "events and audit log to catch up", seconds_max=120)
        # Events and audit log agree with the ledger: each transfer appears once.
        assert len(received) == settled - before
        assert await scalar(compliance, _MADE) == await scalar(compliance, _MADE_ONCE) == transfers


async def bulks_end(payments: str, done: Done) -> None:
    """Wait for the bulk transfers to end; each line has one outcome, and each settled line is one transfer."""
    bulks = list(done.bulks.values())
    assert len(set(bulks)) == len(bulks)
    ended = "SELECT count(*) FROM bulks WHERE id = ANY(%s) AND ended_at IS NOT NULL"

    async def all_have() -> bool:
        return await scalar(payments, ended, bulks) == len(bulks)

    await until(all_have, "the bulk transfers to end", seconds_max=BULKS_END_SECONDS_MAX)
    lines = "SELECT sum(settled + awaiting + refused + not_run) FROM bulks WHERE id = ANY(%s)"
    assert await scalar(payments, lines, bulks) == BULK_LINES * len(bulks)
    made = "SELECT count(*) FROM transfers WHERE link_id = ANY(%s)"
    assert await scalar(payments, made, bulks) == await scalar(
        payments, "SELECT sum(settled) FROM bulks WHERE id = ANY(%s)", bulks
    )


_IS_MADE = "resource_type = 'transfer' AND action ~ '^payments\\.[a-z]+\\.(settle|hold|submit)$'"
_MADE = f"SELECT count(*) FROM audit_entries WHERE {_IS_MADE}"
_MADE_ONCE = f"SELECT count(DISTINCT resource_id) FROM audit_entries WHERE {_IS_MADE}"
