"""Payments to merchants over REST."""

import pytest

from services.payments.tests.contract.bank import Bank, Holder


async def test_a_payment_on_hold_moves_nothing_until_it_is_captured(bank: Bank, payer: Holder) -> None:
    payee = await bank.merchant()
    held = await bank.made(payer, payee, "300.00", path="/payments", reference="INV-7", capture="later")

    assert (held["kind"], held["status"], held["held_amount"], held["settled_at"]) == ("payment", "pending", "300.00", None)
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    assert await bank.wallet(payee) == ("0.00", "0.00", "0.00")
    captured = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})).json()["data"]
    assert (captured["status"], captured["captured_amount"], captured["reference"]) == ("completed", "300.00", "INV-7")
    assert await bank.wallet(payer) == ("700.00", "0.00", "700.00")
    assert await bank.wallet(payee) == ("300.00", "0.00", "300.00")


async def test_a_payment_has_its_reference_and_is_listed(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.made(payer, payee, "1.00")
    shop = await bank.merchant()
    paid = await bank.made(payer, shop, "480.00", path="/payments", reference="INV-17", metadata={"order": "A-17"})
    assert (paid["kind"], paid["reference"], paid["metadata"]) == ("payment", "INV-17", {"order": "A-17"})
    assert (await bank.pay(payer, shop, "1.00", path="/payments")).status_code == 422
    for party in (payer, shop):
        items = (await bank.get("/payments", party.user_id)).json()["data"]["items"]
        assert [item["id"] for item in items] == [paid["id"]]


@pytest.mark.parametrize("query", ["", "?kind=transfer", "?kind=payment"])
async def test_payments_are_listed_as_payments_whichever_route_made_them(bank: Bank, query: str) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    shop = await bank.merchant()
    await bank.made(payer, payee, "1.00")
    paid = await bank.made(payer, shop, "2.00", path="/payments", reference="INV-7")
    await bank.made(payer, payee, "3.00")

    for holder in (payer, shop):
        listed = (await bank.get(f"/payments{query}", holder.user_id)).json()["data"]
        assert ([item["id"] for item in listed["items"]], listed["next_cursor"]) == ([paid["id"]], None)
