"""A bulk transfer and a schedule, through the gateway, run by the jobs process, which may be killed."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest
from journey import Api, Person, until
from planned_transfers import bearer, follow, plan, submit

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]
LINES = 10_000
MIB = 1_048_576


async def made(platform: Platform, bulk_id: str) -> tuple[int, int]:
    async with await psycopg.AsyncConnection.connect(platform.database_url("payments", "owner")) as connection:
        query = "SELECT count(*), count(DISTINCT idempotency_key) FROM transfers WHERE link_id = %s"
        row = await (await connection.execute(query, (bulk_id,))).fetchone()
        assert row
        return row[0], row[1]


async def test_ten_thousand_lines_are_followed_to_their_end(
    client: httpx.AsyncClient, api: Api, platform: Platform, holder: Holder
) -> None:
    payer, payees = await holder("Employer", funds="1000.00"), [await holder("Worker") for _ in range(2)]
    bulk = await submit(client, payer, payees, lines=LINES, mode="best_effort")
    progress = await follow(client, payer, bulk["id"])
    assert (progress[-1]["status"], progress[-1]["settled"]) == ("completed", LINES)
    # Progress was sent during the run, not only at the end.
    assert len({event["settled"] for event in progress}) > 2
    assert await made(platform, bulk["id"]) == (LINES, LINES)
    assert (await api.data("GET", f"/wallets/{payer.wallet_id}", by=payer))["balance"] == "900.00"
    await read_file(client, payer, bulk["id"])


async def read_file(client: httpx.AsyncClient, payer: Person, bulk_id: str) -> None:
    """Read the submitted file whole, and again in two ranges."""
    path = f"/api/v1/transfers/bulk/{bulk_id}/file"
    whole = await client.get(path, headers=bearer(payer))
    assert (whole.status_code, len(whole.json()["lines"])) == (200, LINES)
    assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert sorted(whole.headers.get_list("content-security-policy"))[1] == "sandbox"
    ranges = [f"bytes=0-{MIB - 1}", f"bytes={MIB}-"]
    parts = [await client.get(path, headers=bearer(payer) | {"Range": each}) for each in ranges]
    assert [part.status_code for part in parts] == [206, 206]
    assert b"".join(part.content for part in parts) == whole.content


async def test_after_its_worker_was_killed_the_next_continues_and_due_transfers_are_made(
    client: httpx.AsyncClient, api: Api, platform: Platform, holder: Holder
) -> None:
    modes = ("best_effort", "all_or_nothing")
    payers, payee = [await holder("Employer", funds="100.00") for _ in modes], await holder("Worker")
    bulks = await asyncio.gather(
        *(submit(client, payer, [payee], lines=5000, mode=mode) for payer, mode in zip(payers, modes, strict=True))
    )
    schedule = await plan(api, payers[0], payee)

    async def look() -> list[dict[str, Any]]:
        paths = [f"/api/v1/transfers/bulk/{bulk['id']}" for bulk in bulks]
        answers = [await client.get(path, headers=bearer(payer)) for path, payer in zip(paths, payers, strict=True)]
        return [answer.json()["data"] for answer in answers]

    async def running() -> bool:
        return all(bulk["status"] != "accepted" for bulk in await look())

    await until(running, "the bulk transfers to begin")
    platform.kill("payments-jobs")

    async def ended() -> bool:
        return all(bulk["ended_at"] is not None for bulk in await look())

    async def due() -> bool:
        found = await api.data("GET", f"/transfers/schedules/{schedule['id']}", by=payers[0])
        return bool(found["status"] == "ended")

    # A worker that has sent no heartbeat for a while is considered dead; due transfers are looked for periodically.
    await until(ended, "the bulk transfers to end", seconds_max=200)
    assert [await made(platform, bulk["id"]) for bulk in bulks] == [(5000, 5000)] * 2
    await until(due, "the transfer to be made", seconds_max=120)
    [run] = (await api.data("GET", f"/transfers/schedules/{schedule['id']}/runs", by=payers[0]))["items"]
    transfer = await api.data("GET", f"/transfers/{run['transfer_id']}", by=payee)
    assert (transfer["amount"], transfer["link_id"]) == ("4.00", schedule["id"])
