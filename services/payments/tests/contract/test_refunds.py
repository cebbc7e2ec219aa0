"""Refunds and reversals over REST."""

from datetime import timedelta
from decimal import Decimal

from payments.domain.price_book import PriceBook
from payments.domain.validity import Validity
from payments.infrastructure.sql.ledger_verifications import LedgerVerification
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.unit.prices import fee_rule, fx_rate, tier

REASON = {"reason": "asked for by the payer"}


async def test_refunds_never_exceed_what_was_received(bank: Bank, payer: Holder, payee: Holder) -> None:
    paid = await bank.made(payer, payee, "100.00")
    path = f"/transfers/{paid['id']}/refund"
    assert refusal(await bank.post(path, payer.user_id, REASON)) == (404, "RES_001")
    part = await bank.post(path, payee.user_id, {"amount": "60.00", **REASON}, key="part")
    again = await bank.post(path, payee.user_id, {"amount": "60.00", **REASON}, key="part")
    assert (part.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert part.json()["data"] == again.json()["data"]
    assert (part.json()["data"]["kind"], part.json()["data"]["parent_id"]) == ("refund", paid["id"])
    other = await bank.post(path, payee.user_id, {"amount": "1.00", **REASON}, key="part")
    assert refusal(other) == (422, "VAL_002")
    beyond = await bank.post(path, payee.user_id, {"amount": "40.01", **REASON})
    assert refusal(beyond) == (409, "PAY_014")
    assert (await bank.post(path, payee.user_id, {"amount": "40.00", **REASON})).status_code == 201
    read = (await bank.get(f"/transfers/{paid['id']}", payer.user_id)).json()["data"]
    assert (read["refunded_amount"], read["status"]) == ("100.00", "completed")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_a_refund_without_an_amount_refunds_the_whole_transfer(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    back = await bank.post(f"/transfers/{held['id']}/refund", payee.user_id, REASON)
    assert (back.status_code, back.json()["data"]["amount"]) == (201, "100.00")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_a_repeated_full_refund_returns_the_first_one(bank: Bank, payer: Holder, payee: Holder) -> None:
    paid = await bank.made(payer, payee, "100.00")
    answers = [await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, REASON, key="whole") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["data"]["id"] == answers[1].json()["data"]["id"]


async def test_staff_reverse_a_whole_entry_once(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="3.00")
    paid = await bank.made(payer, payee, "100.00")
    path = f"/transfers/{paid['id']}/reverse"
    assert refusal(await bank.post(path, payee.user_id, REASON)) == (403, "ACC_001")
    assert refusal(await bank.staff("POST", path, REASON, methods=("pwd",))) == (401, "AUTH_005")
    done = await bank.staff("POST", path, REASON, key="undo")
    again = await bank.staff("POST", path, REASON, key="undo")
    assert (done.status_code, again.headers.get("idempotency-replayed")) == (201, "true")
    assert done.json()["data"] == again.json()["data"]
    assert refusal(await bank.staff("POST", path, {"reason": "something else"}, key="undo")) == (422, "VAL_002")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    read = (await bank.get(f"/transfers/{paid['id']}", payer.user_id)).json()["data"]
    assert (read["status"], read["reason"]) == ("reversed", REASON["reason"])
    assert refusal(await bank.staff("POST", path, REASON)) == (409, "PAY_012")
    assert refusal(await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, REASON)) == (409, "PAY_012")


async def test_a_transfer_that_was_spent_or_refunded_in_part_is_not_reversed(bank: Bank, payer: Holder, payee: Holder) -> None:
    spent = await bank.made(payer, payee, "100.00")
    await bank.made(payee, payer, "50.00")
    assert refusal(await bank.staff("POST", f"/transfers/{spent['id']}/reverse", REASON)) == (409, "PAY_001")
    await bank.post(f"/transfers/{spent['id']}/refund", payee.user_id, {"amount": "1.00", **REASON})
    assert refusal(await bank.staff("POST", f"/transfers/{spent['id']}/reverse", REASON)) == (409, "PAY_013")


async def test_a_conversion_is_reversed_in_both_currencies_with_its_spread_and_fees(bank: Bank, payer: Holder) -> None:
    rule = fee_rule(tier(flat="1.50"), kind="conversion", vat_percent=Decimal(15), validity=Validity(bank.clock.now()))
    rate = fx_rate("0.05", "2", validity=Validity(bank.clock.now(), bank.clock.now() + timedelta(days=1)))
    bank.prices.book = PriceBook([rule], [rate])
    dollars = await bank.holder(currency="USD")
    before = (await bank.staff("GET", "/ledger/trial-balance")).json()["data"]["items"]
    sent = await bank.made(payer, dollars, "100.00", target_currency="USD")
    assert ((await bank.wallet(payer))[0], sent["fee_total"], sent["target_amount"]) == ("898.50", "1.50", "4.90")
    undone = (await bank.staff("POST", f"/transfers/{sent['id']}/reverse", REASON)).json()["data"]
    assert (undone["kind"], undone["amount"], undone["currency"]) == ("reversal", "100.00", "NAD")
    assert ((await bank.wallet(payer))[0], (await bank.wallet(dollars))[0]) == ("1000.00", "0.00")
    assert (await bank.staff("GET", "/ledger/trial-balance")).json()["data"]["items"] == before
    again = await bank.staff("POST", f"/transfers/{sent['id']}/reverse", REASON)
    assert refusal(again) == (409, "PAY_012")
    assert [one.broken async for one in LedgerVerification(bank.database).findings() if one.broken] == []
