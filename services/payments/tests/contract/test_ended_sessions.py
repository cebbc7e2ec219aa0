"""Operations that move money fail while the ended sessions are unknown. A stream ends with its session."""

import asyncio
from typing import Final

import pytest

from chassis.rest.route import Route
from chassis.testing.running import eventually
from kernel.ids import new_id
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import STRONG, Bank

MOVING: Final = [route for router in ROUTERS for route in router.routes if isinstance(route, Route) and route.moves_money]


@pytest.mark.parametrize("route", MOVING, ids=lambda route: route.operation_id)
async def test_no_money_moves_while_ended_sessions_are_unknown(bank: Bank, monkeypatch: pytest.MonkeyPatch, route: Route) -> None:
    headers = bank.forge.headers(bank.staff_id, roles=("admin",), methods=STRONG)
    [method] = route.methods or {"GET"}
    path = route.path_format.format_map(dict.fromkeys(route.param_convertors, "00000000-0000-7000-8000-000000000000"))
    known = await bank.client.request(method, path, headers=headers)
    monkeypatch.setattr(bank.revocations, "_confirmed_at", None)
    refused = await bank.client.request(method, path, headers=headers)
    assert known.status_code != 503
    assert (refused.status_code, refused.json()["code"]) == (503, "SRV_002")


async def test_reads_continue_while_ended_sessions_are_unknown(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = await bank.holder("5.00")
    monkeypatch.setattr(bank.revocations, "_confirmed_at", None)
    for path in (f"/wallets/{holder.wallet_id}", "/transfers"):
        assert (await bank.get(path, holder.user_id)).status_code == 200


async def test_a_stream_ends_with_the_session_that_follows_it(bank: Bank) -> None:
    bank.followers.look_every_seconds = 0.01
    payer, payee, session_id = await bank.holder("5.00"), await bank.holder(), new_id()
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "currency": "NAD",
        "mode": "best_effort",
        "lines": [{"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}],
    }
    bulk_id = (await bank.post("/transfers/bulk", payer.user_id, body, key="file")).json()["data"]["id"]
    headers = bank.forge.headers(payer.user_id, session_id=session_id)
    following = asyncio.create_task(bank.client.get(f"/api/v1/transfers/bulk/{bulk_id}/events", headers=headers))
    await eventually(lambda: bank.followers.count, 1)
    bank.revocations.end(session_id, bank.clock.now().timestamp())
    answer = await asyncio.wait_for(following, 120)
    # The bulk transfer waits for a worker, so nothing else ends the stream.
    assert answer.text.count("event: ") == 1
    again = await bank.client.get(f"/api/v1/transfers/bulk/{bulk_id}/events", headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "AUTH_003")
