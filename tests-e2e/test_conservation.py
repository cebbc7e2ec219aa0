"""Many people paying one another at once while processes are killed: no cent is made, lost or moved twice."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
import psycopg
import pytest
from journey import Person, until

from elcorp_local.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
CLIENTS, WALLETS, SECONDS = 32, 10, 20
KILLED = ("payments-work", "compliance-work", "payments-serve", "compliance-serve", "gateway", "payments-work")
FUNDS = "200.00"
UNPOSTED = """
    SELECT count(*) FROM accounts a
    WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = a.id)
"""


async def client_pays(client: httpx.AsyncClient, people: list[Person], done: dict[str, str], until_at: float, seed: int) -> int:
    """Pay at random until told to stop; an answer that did not come is asked for again with the same key."""
    choose = random.Random(seed)
    refused = 0
    while time.monotonic() < until_at:
        source, target = choose.sample(people, 2)
        key = str(uuid4())
        body = {
            "source_wallet_id": source.wallet_id,
            "target_wallet_id": target.wallet_id,
            "amount": f"{choose.randint(1, 5000) / 100:.2f}",
            "currency": "NAD",
        }
        headers = {"Authorization": f"Bearer {source.access_token}", "Idempotency-Key": key}
        response = await answered(client, body, headers)
        if response.status_code == 201:
            done[key] = response.json()["data"]["id"]
        else:
            assert response.json()["code"] == "PAY_001", response.text
            refused += 1
    return refused


async def answered(client: httpx.AsyncClient, body: dict[str, str], headers: dict[str, str]) -> httpx.Response:
    for _ in range(300):
        try:
            response = await client.post("/api/v1/transfers", json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        if response.status_code != 503:
            return response
        await asyncio.sleep(0.1)
    raise AssertionError("no answer in 30 s")


async def kill_one_after_another(platform: Platform) -> None:
    for name in KILLED:
        await asyncio.sleep(SECONDS / (len(KILLED) + 1))
        platform.kill(name)


async def scalar(url: str, query: str, *parameters: object) -> int:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute(query, parameters)).fetchone()
        return int(row[0]) if row and row[0] is not None else 0


async def test_money_and_audit_survive_load_and_kills(
    client: httpx.AsyncClient, platform: Platform, holder: Callable[..., Awaitable[Person]]
) -> None:
    people = [await holder(f"Payer{n}", funds=FUNDS) for n in range(WALLETS)]
    wallets = [person.wallet_id for person in people]
    payments, compliance = platform.database_url("payments", "owner"), platform.database_url("compliance", "owner")
    total = await scalar(payments, "SELECT sum(balance) FROM accounts WHERE id = ANY(%s)", wallets)
    done: dict[str, str] = {}
    ends_at = time.monotonic() + SECONDS
    paying = [client_pays(client, people, done, ends_at, seed) for seed in range(CLIENTS)]
    await asyncio.gather(kill_one_after_another(platform), *paying)

    assert len(done) > 500
    assert len(set(done.values())) == len(done)
    assert await scalar(payments, "SELECT sum(balance) FROM accounts WHERE id = ANY(%s)", wallets) == total == WALLETS * 200
    assert await scalar(payments, "SELECT count(*) FROM accounts WHERE kind = 'wallet' AND balance < 0") == 0
    assert await scalar(payments, "SELECT sum(amount) FROM postings") == 0
    assert await scalar(payments, UNPOSTED) == 0
    moved = "SELECT count(*) FROM transfers WHERE idempotency_key = ANY(%s)"
    assert await scalar(payments, moved, list(done)) == len(done)

    transfers = await scalar(payments, "SELECT count(*) FROM transfers")

    async def drained() -> bool:
        unsent = await scalar(payments, "SELECT count(*) FROM outbox")
        entries = "SELECT count(*) FROM audit_entries WHERE resource_type = 'transfer'"
        return unsent == 0 and await scalar(compliance, entries) >= transfers

    await until(drained, "the audit log to catch up", seconds_max=60)
    entries = "SELECT count(*) FROM audit_entries WHERE resource_type = 'transfer'"
    distinct = "SELECT count(DISTINCT resource_id) FROM audit_entries WHERE resource_type = 'transfer'"
    assert await scalar(compliance, entries) == await scalar(compliance, distinct) == transfers
