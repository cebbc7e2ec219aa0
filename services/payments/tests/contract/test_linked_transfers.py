"""Linked transfers over REST: all or none."""

from typing import Any

import pytest

from payments.domain.limits import LimitBook
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.outbox import Record
from services.payments.tests.unit.prices import limit


def legs(source: Holder, *to: tuple[Holder, str]) -> dict[str, Any]:
    return {
        "legs": [
            {
                "source_wallet_id": str(source.wallet_id),
                "target_wallet_id": str(target.wallet_id),
                "amount": amount,
                "currency": "NAD",
            }
            for target, amount in to
        ]
    }


async def test_linked_transfers_are_made_together_and_a_repeated_request_returns_them_together(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    third = await bank.holder()
    body = legs(payer, (payee, "600.00"), (third, "400.00"))
    first = await bank.post("/transfers/linked", payer.user_id, body, key="pair")
    again = await bank.post("/transfers/linked", payer.user_id, body, key="pair")
    assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert first.json()["data"] == again.json()["data"]
    link_id = first.json()["data"]["link_id"]
    assert {item["link_id"] for item in first.json()["data"]["items"]} == {link_id}
    assert (await bank.wallet(payer))[0] == "0.00"


async def test_when_one_leg_is_refused_no_leg_is_made(bank: Bank, payer: Holder, payee: Holder) -> None:
    body = legs(payer, (payee, "600.00"), (payee, "400.01"))
    assert refusal(await bank.post("/transfers/linked", payer.user_id, body)) == (409, "PAY_001")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    assert (await bank.get("/transfers?kind=transfer", payer.user_id)).json()["data"]["items"] == []


async def test_when_legs_would_together_await_an_approval_no_leg_is_made(bank: Bank, payer: Holder, payee: Holder) -> None:
    """A rejected leg would be missing from the all-or-nothing request."""
    bank.prices.rules = approval_from("600")
    body = legs(payer, (payee, "100.00"), (payee, "500.00"))
    assert refusal(await bank.post("/transfers/linked", payer.user_id, body, key="pair")) == (409, "PAY_041")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    bank.prices.rules = approval_from("600.01")
    assert (await bank.post("/transfers/linked", payer.user_id, body, key="pair")).status_code == 201


async def test_a_key_of_linked_transfers_covers_all_legs(bank: Bank, payer: Holder, payee: Holder) -> None:
    three = legs(payer, (payee, "1.00"), (payee, "2.00"), (payee, "3.00"))
    assert (await bank.post("/transfers/linked", payer.user_id, three, key="k")).status_code == 201
    for other in (
        legs(payer, (payee, "1.00"), (payee, "2.00")),
        legs(payer, (payee, "1.00"), (payee, "2.00"), (payee, "3.00"), (payee, "4.00")),
        legs(payer, (payee, "1.00"), (payee, "2.00"), (payee, "9.00")),
    ):
        assert refusal(await bank.post("/transfers/linked", payer.user_id, other, key="k")) == (422, "VAL_002")
    assert (await bank.wallet(payee))[0] == "6.00"


async def test_long_keys_of_linked_transfers_do_not_collide(bank: Bank, payer: Holder, payee: Holder) -> None:
    body = legs(payer, (payee, "1.00"), (payee, "2.00"))
    for end in ("a", "b"):
        response = await bank.post("/transfers/linked", payer.user_id, body, key="k" * 254 + end)
        assert (response.status_code, response.headers.get("idempotency-replayed")) == (201, None), response.text
    assert (await bank.wallet(payee))[0] == "6.00"


@pytest.mark.parametrize("amounts", [("5000.01", "1.00"), ("1.00", "5000.01")])
async def test_a_leg_that_must_be_signed_is_sent_separately(bank: Bank, payee: Holder, amounts: tuple[str, str]) -> None:
    rich = await bank.holder("9000.00")
    body = legs(rich, *((payee, amount) for amount in amounts))
    assert refusal(await bank.post("/transfers/linked", rich.user_id, body)) == (409, "PAY_016")


@pytest.mark.parametrize("blocked", [0, 1])
async def test_when_compliance_refuses_one_leg_no_leg_is_made(bank: Bank, payer: Holder, blocked: int) -> None:
    payees = [await bank.holder(), await bank.holder()]
    bank.screening.blocked.add(payees[blocked].wallet_id)
    record = Record(bank.database, bank.clock)
    await record.skip()
    body = legs(payer, (payees[0], "1.00"), (payees[1], "2.00"))
    assert refusal(await bank.post("/transfers/linked", payer.user_id, body)) == (409, "PAY_007")
    messages, [fact] = await record.news()
    assert (messages, fact.action, fact.related) == ([], "payments.transfer.refuse", [str(payees[blocked].wallet_id)])


async def test_legs_count_together_against_a_limit_and_a_refused_request_does_not_count(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    bank.prices.limit_book = LimitBook([limit(day_max="500")])
    body = legs(payer, (payee, "300.00"), (payee, "200.01"))
    assert refusal(await bank.post("/transfers/linked", payer.user_id, body)) == (409, "PAY_030")
    unknown = legs(payer, (payee, "300.00"), (Holder(), "1.00"))
    assert refusal(await bank.post("/transfers/linked", payer.user_id, unknown)) == (404, "RES_001")
    exactly = legs(payer, (payee, "300.00"), (payee, "200.00"))
    assert (await bank.post("/transfers/linked", payer.user_id, exactly)).status_code == 201
    assert refusal(await bank.pay(payer, payee, "0.01")) == (409, "PAY_030")


async def test_legs_accept_the_fields_of_a_transfer(bank: Bank, payer: Holder, payee: Holder) -> None:
    dollars, shop = await bank.holder(currency="USD"), await bank.merchant()
    bank.exchange("0.05", "2")
    body = legs(payer, (payee, "10.00"), (payee, "20.00"), (dollars, "100.00"), (shop, "5.00"))
    held, noted, converted, paid = body["legs"]
    held["capture"] = "later"
    noted |= {"metadata": {"order": "A-17"}, "reference": "F-12", "description": "rent"}
    converted["target_currency"] = "USD"
    paid["reference"] = "INV-17"
    first = await bank.post("/transfers/linked", payer.user_id, body, key="all")
    assert first.status_code == 201, first.text
    items = first.json()["data"]["items"]
    assert [(item["kind"], item["status"], item["amount"]) for item in items] == [
        ("transfer", "pending", "10.00"),
        ("transfer", "completed", "20.00"),
        ("conversion", "completed", "100.00"),
        ("payment", "completed", "5.00"),
    ]
    assert (items[1]["metadata"], items[1]["reference"], items[1]["description"]) == ({"order": "A-17"}, "F-12", "rent")
    assert (items[2]["target_amount"], items[2]["target_currency"], items[3]["reference"]) == ("4.90", "USD", "INV-17")
    assert await bank.wallet(payer) == ("875.00", "10.00", "865.00")
    captured = await bank.post(f"/transfers/{items[0]['id']}/capture", payee.user_id, {"amount": "4.00"})
    assert captured.status_code == 200, captured.text
    assert await bank.wallet(payer) == ("871.00", "0.00", "871.00")
    again = await bank.post("/transfers/linked", payer.user_id, body, key="all")
    assert (again.headers["idempotency-replayed"], again.json()["data"]) == ("true", first.json()["data"])
    for number, change in (
        (0, {"capture": "now"}),
        (1, {"metadata": {}}),
        (2, {"amount": "99.00"}),
        (3, {"reference": "INV-18"}),
    ):
        other = {"legs": [{**leg, **(change if number == place else {})} for place, leg in enumerate(body["legs"])]}
        assert refusal(await bank.post("/transfers/linked", payer.user_id, other, key="all")) == (422, "VAL_002")


@pytest.mark.parametrize("wrong", [{"target_currency": "USD", "capture": "later"}, {"target_currency": "NAD"}])
async def test_a_leg_is_refused_for_the_same_reasons_as_a_transfer_and_the_error_names_the_leg(
    bank: Bank, payer: Holder, payee: Holder, wrong: dict[str, str]
) -> None:
    body = legs(payer, (payee, "1.00"), (payee, "2.00"))
    body["legs"][1] |= wrong
    answer = await bank.post("/transfers/linked", payer.user_id, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VAL_001")
    assert [error["field"].partition(".target")[0].partition(".capture")[0] for error in answer.json()["errors"]] == ["legs.1"]
