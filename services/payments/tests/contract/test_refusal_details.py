"""Details of errors: what the caller needs to correct the request, and nothing about others."""

from typing import Any

import httpx
import pytest

from payments.domain.limits import LimitBook
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.unit.prices import limit

REASON = {"reason": "paid twice"}


def details(response: httpx.Response) -> tuple[str, dict[str, Any] | None]:
    return response.json()["code"], response.json().get("details")


def fault(response: httpx.Response) -> tuple[int, str, str, str]:
    [error] = response.json()["errors"]
    return response.status_code, response.json()["code"], error["field"], error["message"]


def leg(source: Holder, target: Holder, amount: str = "1.00", currency: str = "NAD") -> dict[str, str]:
    wallets = {"source_wallet_id": str(source.wallet_id), "target_wallet_id": str(target.wallet_id)}
    return {**wallets, "amount": amount, "currency": currency}


async def test_a_payer_gets_the_needed_amount_with_the_fee_and_the_available_amount(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    bank.price(fee="3.00")
    await bank.made(payer, payee, "200.00", capture="later")
    facts = {"needed": "803.00", "available": "797.00", "currency": "NAD"}
    assert details(await bank.pay(payer, payee, "800.00")) == ("PAY_001", facts)
    assert details(await bank.pay(payer, payee, "800.00", capture="later")) == ("PAY_001", facts)
    # The first leg leaves 4.00; the second leg and its fee need 5.00.
    legs = {"legs": [leg(payer, payee, "790.00"), leg(payer, payee, "2.00")]}
    linked = await bank.post("/transfers/linked", payer.user_id, legs)
    assert details(linked) == ("PAY_001", {"needed": "5.00", "available": "4.00", "currency": "NAD"})


async def test_no_caller_learns_what_another_persons_wallet_holds(bank: Bank, payer: Holder, payee: Holder) -> None:
    paid = await bank.made(payer, payee, "100.00")
    await bank.made(payee, payer, "37.00")
    facts = {"needed": "100.00", "currency": "NAD"}
    assert details(await bank.staff("POST", f"/transfers/{paid['id']}/reverse", REASON)) == ("PAY_001", facts)
    assert details(await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, REASON)) == ("PAY_001", facts)
    path = f"/wallets/{payee.wallet_id}/ceiling"
    assert (await bank.staff("PUT", path, {"amount": "70.00", "reason": "agreed"})).status_code == 200
    full = await bank.pay(payer, payee, "50.00")
    assert details(full) == ("PAY_006", None)
    assert not any(amount in full.text for amount in ("63.00", "70.00"))
    stranger = Holder(user_id=payee.user_id, wallet_id=payer.wallet_id)
    assert details(await bank.pay(stranger, payee, "5000.00")) == ("ACC_001", None)


async def test_a_payer_gets_what_is_left_of_a_limit(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = LimitBook([limit(single_max="400", day_max="500")])
    facts = {"period": "transfer", "limit": "400.00", "left": "400.00", "currency": "NAD"}
    assert details(await bank.pay(payer, payee, "400.01")) == ("PAY_030", facts)
    await bank.made(payer, payee, "399.50")
    facts = {"period": "day", "limit": "500.00", "left": "100.50", "currency": "NAD"}
    assert details(await bank.pay(payer, payee, "200.00")) == ("PAY_030", facts)


async def test_what_is_left_of_a_transfer_is_returned_to_its_parties_only(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "10.00", capture="later")
    beyond = await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "10.01"})
    assert details(beyond) == ("PAY_015", {"held": "10.00"})
    paid = await bank.made(payer, payee, "10.00")
    await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, {"amount": "4.00", **REASON})
    beyond = await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, {"amount": "6.01", **REASON})
    assert details(beyond) == ("PAY_014", {"left": "6.00"})
    ended = await bank.post(f"/transfers/{paid['id']}/void", payee.user_id, REASON)
    assert details(ended) == ("PAY_012", {"status": "completed"})


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"amount": "0"}, "PAY_002", "amount"),
        ({"amount": "-1.00"}, "PAY_002", "amount"),
        ({"amount": "1.001"}, "PAY_002", "amount"),
        ({"amount": "9999999999999.00"}, "PAY_002", "amount"),
        ({"currency": "XYZ"}, "PAY_003", "currency"),
        ({"currency": "USD"}, "PAY_004", "currency"),
    ],
)
async def test_the_error_names_the_faulty_leg_before_its_field(
    bank: Bank, payer: Holder, payee: Holder, change: dict[str, str], code: str, field: str
) -> None:
    wrong = {**leg(payer, payee), **change}
    alone = await bank.post("/transfers", payer.user_id, wrong)
    assert fault(alone)[:3] == (422, code, field)
    linked = await bank.post("/transfers/linked", payer.user_id, {"legs": [leg(payer, payee), leg(payer, payee), wrong]})
    assert fault(linked)[:3] == (422, code, f"legs.2.{field}")
    assert linked.json()["details"] == alone.json()["details"]
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_the_error_names_a_leg_that_pays_itself(bank: Bank, payer: Holder, payee: Holder) -> None:
    linked = await bank.post("/transfers/linked", payer.user_id, {"legs": [leg(payer, payee), leg(payer, payer)]})
    assert fault(linked)[:3] == (422, "PAY_005", "legs.1.target_wallet_id")


async def test_an_invalid_value_is_returned_with_the_reason(bank: Bank, payer: Holder, payee: Holder) -> None:
    period = "since=2026-12-01T00:00:00Z&until=2026-11-01T00:00:00Z"
    assert fault(await bank.get(f"/wallets/{payer.wallet_id}/statement?{period}", payer.user_id)) == (
        422,
        "VAL_001",
        "until",
        "Expected a time after `since`, not '2026-11-01T00:00:00Z'.",
    )
    past = {**leg(payer, payee), "starts_at": "2020-01-31T06:00:00Z"}
    assert fault(await bank.post("/transfers/schedules", payer.user_id, past)) == (
        422,
        "VAL_001",
        "starts_at",
        "Expected a future time within five years, not '2020-01-31T06:00:00Z'.",
    )
    assert fault(await bank.pay(payer, payee, "1.00", target_currency="NAD")) == (
        422,
        "VAL_001",
        "target_currency",
        "Expected a currency other than the amount's, not 'NAD'.",
    )
    assert fault(await bank.get("/transfers?cursor=x", payer.user_id)) == (
        422,
        "VAL_001",
        "cursor",
        "Expected the next_cursor of the previous page, with the same filters, not 'x'.",
    )
