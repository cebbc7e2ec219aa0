"""Which operations wait while it is not known which sessions have ended: those that move money."""

from typing import Final

import pytest

from chassis.rest.route import Route
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import STRONG, Bank

MOVING: Final = [route for router in ROUTERS for route in router.routes if isinstance(route, Route) and route.moves_money]


@pytest.mark.parametrize("route", MOVING, ids=lambda route: route.operation_id)
async def test_no_money_moves_while_ended_sessions_are_not_known(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    headers = bank.forge.headers(bank.staff_id, roles=("admin",), methods=STRONG)
    [method] = route.methods or {"GET"}
    path = route.path_format.format_map(dict.fromkeys(route.param_convertors, "00000000-0000-7000-8000-000000000000"))
    known = await bank.client.request(method, path, headers=headers)
    monkeypatch.setattr(bank.revocations, "_confirmed_at", None)
    refused = await bank.client.request(method, path, headers=headers)
    assert known.status_code != 503
    assert (refused.status_code, refused.json()["code"]) == (503, "SRV_002")


async def test_reads_go_on_meanwhile(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = await bank.holder("5.00")
    monkeypatch.setattr(bank.revocations, "_confirmed_at", None)
    for path in (f"/wallets/{holder.wallet_id}", "/transfers"):
        assert (await bank.get(path, holder.user_id)).status_code == 200
