"""Who moves much shows two factors first, whichever way it is moved."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.testing.clocks import ControlledClock
from services.payments.tests.contract.bank import STRONG, Bank, Holder, refusal

MUCH, LITTLE = "2000.01", "2000.00"
TOMORROW = ControlledClock().now() + timedelta(days=1)


def leg(source: Holder, target: Holder, amount: str) -> dict[str, Any]:
    return {
        "source_wallet_id": str(source.wallet_id),
        "target_wallet_id": str(target.wallet_id),
        "amount": amount,
        "currency": "NAD",
    }


def halves(source: Holder, target: Holder, amount: str) -> list[dict[str, Any]]:
    rest = {"2000.01": "1000.01", "2000.00": "1000.00"}[amount]
    return [leg(source, target, "1000.00"), leg(source, target, rest)]


def bulk(source: Holder, target: Holder, amount: str) -> dict[str, Any]:
    lines = [{"target_wallet_id": one["target_wallet_id"], "amount": one["amount"]} for one in halves(source, target, amount)]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}


WAYS = {
    "/transfers": (leg, 201),
    "/payments": (lambda *order: {**leg(*order), "reference": "INV-17"}, 201),
    "/transfers/linked": (lambda *order: {"legs": halves(*order)}, 201),
    "/transfers/bulk": (bulk, 202),
    "/transfers/schedules": (lambda *order: {**leg(*order), "starts_at": TOMORROW.isoformat()}, 201),
}


@pytest.mark.clause("ASVS 7.5.3")
@pytest.mark.parametrize("path", WAYS)
async def test_much_takes_two_factors_shown_just_now_and_says_so(bank: Bank, path: str) -> None:
    body_of, accepted = WAYS[path]
    payer, payee = await bank.holder("9000.00"), await bank.holder()

    refused = await bank.post(path, payer.user_id, body_of(payer, payee, MUCH), methods=("pwd",))
    assert refusal(refused) == (401, "AUTH_005")
    assert refused.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert await bank.wallet(payer) == ("9000.00", "0.00", "9000.00")

    little = await bank.post(path, payer.user_id, body_of(payer, payee, LITTLE), methods=("pwd",))
    assert little.status_code == accepted, little.text
    strong = await bank.post(path, payer.user_id, body_of(payer, payee, MUCH), methods=STRONG)
    assert strong.status_code == accepted, strong.text
