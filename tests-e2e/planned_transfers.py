"""A bulk transfer, and a transfer that is made later: payments' jobs process makes both."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from journey import Api, Person


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.access_token}"}


async def submit(client: httpx.AsyncClient, payer: Person, payees: list[Person], *, lines: int, mode: str) -> dict[str, Any]:
    # Longer than other request bodies may be.
    words = "wages of the month of March, by the agreement of 2026, paid in full"
    body = {
        "source_wallet_id": payer.wallet_id,
        "currency": "NAD",
        "mode": mode,
        "lines": [
            {"target_wallet_id": payees[n % len(payees)].wallet_id, "amount": "0.01", "description": words} for n in range(lines)
        ],
    }
    headers = bearer(payer) | {"Idempotency-Key": str(uuid4())}
    answer = await client.post("/api/v1/transfers/bulk", json=body, headers=headers)
    assert answer.status_code == 202, answer.text[:300]
    data: dict[str, Any] = answer.json()["data"]
    return data


async def follow(client: httpx.AsyncClient, payer: Person, bulk_id: str) -> list[dict[str, Any]]:
    """Follow a bulk transfer live, as a browser would."""
    events: list[dict[str, Any]] = []
    async with client.stream("GET", f"/api/v1/transfers/bulk/{bulk_id}/events", headers=bearer(payer), timeout=120) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events.extend([json.loads(line[6:]) async for line in stream.aiter_lines() if line.startswith("data: ")])
    return events


async def plan(api: Api, payer: Person, payee: Person) -> dict[str, Any]:
    """Schedule a transfer that is due in a moment."""
    facts = {
        "source_wallet_id": payer.wallet_id,
        "target_wallet_id": payee.wallet_id,
        "amount": "4.00",
        "currency": "NAD",
        "starts_at": (datetime.now(UTC) + timedelta(seconds=2)).isoformat(),
    }
    schedule: dict[str, Any] = await api.data("POST", "/transfers/schedules", by=payer, expect=201, key=str(uuid4()), **facts)
    return schedule
