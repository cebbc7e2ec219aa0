"""Bulk: a file of 10,000 lines, from its upload until its last line is settled."""

import asyncio
import time
from collections.abc import Sequence
from uuid import uuid4

import httpx
from journey import Person

from benchmarks import cpu
from benchmarks.bank import Bank
from benchmarks.results import Result

LINES = 10_000
SECONDS_MAX = 60


def bulk(bank: Bank) -> list[Result]:
    """POST /api/v1/transfers/bulk with 10,000 lines, best effort."""
    best, people = bank.best, bank.people
    before = cpu.seconds_by_process(bank.platform)
    rate = asyncio.run(_bulk(bank, people))
    if rate is None:
        return []
    bank.drain()
    spent = cpu.per_transfer_ms(before, cpu.seconds_by_process(bank.platform), LINES)
    name = f"bulk of {LINES:,} lines"
    return [
        Result.against(name, rate, "transfers/s", baseline=best, ratio_min=4),
        Result(f"{name}: CPU, all processes", sum(spent.values()), "ms/transfer"),
        *(Result(f"{name}: CPU, {process}", used, "ms/transfer") for process, used in spent.items() if used >= cpu.NOISE_MS),
    ]


async def _bulk(bank: Bank, people: Sequence[Person]) -> float | None:
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=60) as client:
        began = time.monotonic()
        bulk_id = await submit(client, people)
        while bulk_id and time.monotonic() - began < SECONDS_MAX:
            headers = {"Authorization": f"Bearer {people[0].access_token}"}
            answer = await client.get(f"/api/v1/transfers/bulk/{bulk_id}", headers=headers)
            state = answer.raise_for_status().json()["data"]
            if state["status"] not in {"accepted", "queued", "pending", "running"}:
                return LINES / (time.monotonic() - began)
            await asyncio.sleep(0.1)
    return None


async def submit(client: httpx.AsyncClient, people: Sequence[Person]) -> str | None:
    """Submit a file of the first person that pays the others; return its id, or None if it is refused."""
    payer, *payees = people
    lines = [
        {"target_wallet_id": payees[number % len(payees)].wallet_id, "amount": "0.01", "description": f"line {number}"}
        for number in range(LINES)
    ]
    body = {"source_wallet_id": payer.wallet_id, "currency": "NAD", "mode": "best_effort", "lines": lines}
    headers = {"Authorization": f"Bearer {payer.access_token}", "Idempotency-Key": str(uuid4())}
    answer = await client.post("/api/v1/transfers/bulk", json=body, headers=headers)
    if answer.is_error:
        print(f"  the bulk was refused: {answer.status_code} {answer.text[:200]}")
        return None
    return str(answer.json()["data"]["id"])
