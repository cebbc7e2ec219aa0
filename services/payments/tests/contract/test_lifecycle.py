"""Transfers from hold to refund as REST clients meet them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from chassis.testing.policies import bundle_of
from kernel.ids import new_id
from payments.domain.limits import Limits
from payments.domain.price_book import PriceBook
from payments.domain.validity import Validity
from payments.infrastructure.sql.ledger_verification import LedgerVerification
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import GOOD_SIGNATURE, GRANTS, HOUR, Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.unit.prices import fee_rule, fx_rate, limit, tier

REASON = {"reason": "asked for by the payer"}


async def test_a_hold_takes_what_is_available_and_moves_nothing(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    assert (held["status"], held["held_amount"], held["settled_at"]) == ("pending", "300.00", None)
    assert held["expires_at"] is not None
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    assert await bank.wallet(payee) == ("0.00", "0.00", "0.00")
    assert refusal(await bank.pay(payer, payee, "700.01")) == (409, "PAY_001")


async def test_a_payment_for_later_moves_nothing_until_it_is_captured(bank: Bank, payer: Holder) -> None:
    payee = await bank.merchant()
    held = await bank.made(payer, payee, "300.00", path="/payments", reference="INV-7", capture="later")

    assert (held["kind"], held["status"], held["held_amount"], held["settled_at"]) == ("payment", "pending", "300.00", None)
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    assert await bank.wallet(payee) == ("0.00", "0.00", "0.00")
    captured = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})).json()["data"]
    assert (captured["status"], captured["captured_amount"], captured["reference"]) == ("completed", "300.00", "INV-7")
    assert await bank.wallet(payer) == ("700.00", "0.00", "700.00")
    assert await bank.wallet(payee) == ("300.00", "0.00", "300.00")


@pytest.mark.parametrize("by", ["payer", "payee"])
async def test_either_party_captures_a_part_and_the_rest_is_let_go(bank: Bank, payer: Holder, payee: Holder, by: str) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    who = payer if by == "payer" else payee
    captured = await bank.post(f"/transfers/{held['id']}/capture", who.user_id, {"amount": "180.00"})
    assert captured.status_code == 200, captured.text
    data = captured.json()["data"]
    assert (data["status"], data["captured_amount"], data["held_amount"]) == ("completed", "180.00", "0.00")
    assert (await bank.wallet(payer), await bank.wallet(payee)) == (
        ("820.00", "0.00", "820.00"),
        ("180.00", "0.00", "180.00"),
    )
    again = await bank.post(f"/transfers/{held['id']}/capture", who.user_id, {})
    assert refusal(again) == (409, "PAY_012")


async def test_a_repeated_capture_answers_as_the_first(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    path = f"/transfers/{held['id']}/capture"
    first = await bank.post(path, payee.user_id, {}, key="once")
    again = await bank.post(path, payee.user_id, {}, key="once")
    assert (first.status_code, first.json()["data"]) == (again.status_code, again.json()["data"])
    assert again.headers["idempotency-replayed"] == "true"


async def test_fees_follow_the_part_that_is_captured(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="3.00")
    held = await bank.made(payer, payee, "300.00", capture="later")
    assert (held["fee_total"], held["held_amount"]) == ("3.00", "303.00")
    data = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})).json()["data"]
    assert (data["fee_total"], [line["account"] for line in data["fees"]]) == ("1.00", ["fees"])
    assert await bank.wallet(payer) == ("899.00", "0.00", "899.00")
    read = (await bank.get(f"/transfers/{held['id']}", payer.user_id)).json()["data"]
    assert (read["fee_total"], read["captured_amount"], read["amount"]) == ("1.00", "100.00", "300.00")


@pytest.mark.parametrize(("amount", "expected"), [("300.01", (409, "PAY_015")), ("0", (409, "PAY_015"))])
async def test_no_more_is_captured_than_was_held(
    bank: Bank, payer: Holder, payee: Holder, amount: str, expected: tuple[int, str]
) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    assert refusal(await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": amount})) == expected


async def test_the_receiver_voids_a_hold_and_its_sender_cannot(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    path = f"/transfers/{held['id']}/void"
    assert refusal(await bank.post(path, payer.user_id, REASON)) == (403, "ACC_001")
    data = (await bank.post(path, payee.user_id, REASON)).json()["data"]
    assert (data["status"], data["reason"], data["held_amount"]) == ("cancelled", REASON["reason"], "0.00")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    assert refusal(await bank.post(path, payee.user_id, REASON)) == (409, "PAY_012")


async def test_a_hold_expires_by_its_job_and_no_sooner(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    bank.wait(days=7, seconds=-1)
    assert await bank.expire() == 0
    bank.wait(seconds=1)
    late = await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})
    assert refusal(late) == (409, "PAY_012")
    assert (await bank.expire(), await bank.expire()) == (1, 0)
    data = (await bank.get(f"/transfers/{held['id']}", payer.user_id)).json()["data"]
    assert (data["status"], data["reason"]) == ("cancelled", "expired")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_strangers_find_no_transfer_and_staff_neither_capture_nor_refund(bank: Bank, payer: Holder, payee: Holder) -> None:
    held, stranger = await bank.made(payer, payee, "300.00", capture="later"), await bank.holder()
    path = f"/transfers/{held['id']}"
    acts: dict[str, dict[str, str]] = {"capture": {}, "void": REASON, "refund": REASON}
    for act, body in acts.items():
        assert refusal(await bank.post(f"{path}/{act}", stranger.user_id, body)) == (404, "RES_001"), act
        if act != "void":
            assert refusal(await bank.post(f"{path}/{act}", bank.staff_id, body, roles=("admin",))) == (404, "RES_001"), act
        assert refusal(await bank.post(f"/transfers/{new_id()}/{act}", payee.user_id, body)) == (404, "RES_001"), act
    assert refusal(await bank.get(path, stranger.user_id)) == (404, "RES_001")
    assert (await bank.staff("GET", path)).json()["data"]["id"] == held["id"]


async def test_whoever_issued_money_sees_that_transfer_and_no_other(bank: Bank, payer: Holder, payee: Holder) -> None:
    issuer, role = new_id(), ("treasurer",)
    bank.policies.load(bundle_of({**GRANTS, "treasurer": ["treasury:issue"]}))
    issue = {"wallet_id": str(payee.wallet_id), "amount": "5.00", "currency": "NAD", "reason": "resolution 12"}
    issued = (await bank.post("/issuances", issuer, issue, roles=role)).json()["data"]
    made = await bank.made(payer, payee, "1.00")
    assert (await bank.get(f"/transfers/{issued['id']}", issuer, roles=role)).status_code == 200
    assert refusal(await bank.get(f"/transfers/{made['id']}", issuer, roles=role)) == (404, "RES_001")
    assert refusal(await bank.get(f"/transfers/{issued['id']}", new_id(), roles=role)) == (404, "RES_001")


@pytest.mark.parametrize("whose", ["payer", "payer's wallet", "payee's wallet"])
@pytest.mark.parametrize(("act", "capture"), [("approve", "now"), ("approve", "later"), ("capture", "later")])
async def test_whoever_was_blocked_while_it_waited_is_noticed_before_it_moves(
    bank: Bank, payer: Holder, payee: Holder, whose: str, act: str, capture: str
) -> None:
    bank.prices.rules = approval_from("500" if act == "approve" else "500.01")
    waiting = await bank.made(payer, payee, "500.00", capture=capture)
    decider = (bank.staff_id, "staff") if act == "approve" else (payee.user_id, "user")
    blocked = {"payer": payer.user_id, "payer's wallet": payer.wallet_id, "payee's wallet": payee.wallet_id}[whose]
    bank.wait(seconds=60)
    record = Record(bank.database, bank.clock)
    await record.skip()

    bank.screening.blocked.add(blocked)
    path = f"/transfers/{waiting['id']}"
    body: dict[str, str] | None = {} if act == "capture" else None
    refused = await bank.post(f"{path}/{act}", decider[0], body, roles=(decider[1],), key="once")
    assert refusal(refused) == (409, "PAY_007")
    assert "list" not in refused.text
    assert (await bank.get(path, payer.user_id)).json()["data"] == {**waiting, "transaction_hash": None}
    assert (await bank.wallet(payer), await bank.wallet(payee)) == (("1000.00", "500.00", "500.00"), ("0.00", "0.00", "0.00"))
    assert await record.news() == (
        [],
        [
            Fact(
                action="payments.transfer.refuse",
                resource=("transfer", waiting["id"]),
                by=("user", str(decider[0])),
                after={"amount": "500.00", "currency": "NAD"},
                reason="on the list",
                related=[str(payer.wallet_id), str(payee.wallet_id)],
            )
        ],
    )

    # What was refused has not used up its key.
    bank.screening.blocked.clear()
    moved = await bank.post(f"{path}/{act}", decider[0], body, roles=(decider[1],), key="once")
    expected = "pending" if (act, capture) == ("approve", "later") else "completed"
    assert (moved.status_code, moved.json()["data"]["status"]) == (200, expected)


@pytest.mark.parametrize("act", ["approve", "capture"])
async def test_while_compliance_is_away_what_waits_goes_on_waiting(bank: Bank, payer: Holder, payee: Holder, act: str) -> None:
    bank.prices.rules = approval_from("500")
    approved = await bank.made(payer, payee, "500.00")
    held = await bank.made(payer, payee, "300.00", capture="later")
    bank.screening.away = True
    if act == "approve":
        away = await bank.staff("POST", f"/transfers/{approved['id']}/approve")
    else:
        away = await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})
    assert refusal(away) == (503, "SRV_002")
    assert await bank.wallet(payer) == ("1000.00", "800.00", "200.00")


@pytest.mark.parametrize("whose", ["payer", "payee"])
async def test_what_waits_is_not_moved_from_or_to_a_frozen_wallet(bank: Bank, payer: Holder, payee: Holder, whose: str) -> None:
    paid = await bank.made(payer, payee, "10.00")
    held = await bank.made(payer, payee, "20.00", capture="later")
    bank.prices.rules = approval_from("100")
    waiting = await bank.made(payer, payee, "100.00")
    frozen = payer if whose == "payer" else payee
    await bank.staff("POST", f"/wallets/{frozen.wallet_id}/freeze", REASON)
    for refused in (
        await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {}),
        await bank.staff("POST", f"/transfers/{waiting['id']}/approve"),
        await bank.post(f"/transfers/{paid['id']}/refund", payee.user_id, REASON),
        await bank.staff("POST", f"/transfers/{paid['id']}/reverse", REASON),
    ):
        assert refusal(refused) == (409, "PAY_008"), refused.request.url
    for let_go in (
        await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON),
        await bank.staff("POST", f"/transfers/{waiting['id']}/reject", REASON),
    ):
        assert let_go.status_code == 200, let_go.text
    assert (await bank.wallet(payer), await bank.wallet(payee)) == (("990.00", "0.00", "990.00"), ("10.00", "0.00", "10.00"))


async def test_a_large_transfer_waits_for_somebody_else(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    assert (await bank.made(payer, payee, "499.99"))["status"] == "completed"
    waiting = await bank.made(payer, payee, "500.00")
    assert (waiting["status"], waiting["held_amount"], waiting["settled_at"]) == ("pending_approval", "500.00", None)
    listed = (await bank.staff("GET", "/transfers/awaiting-approval")).json()["data"]["items"]
    assert [item["id"] for item in listed] == [waiting["id"]]
    assert refusal(await bank.get("/transfers/awaiting-approval", payer.user_id)) == (403, "ACC_001")
    path = f"/transfers/{waiting['id']}/approve"
    assert refusal(await bank.post(path, payer.user_id)) == (403, "ACC_001")
    weak = await bank.staff("POST", path, methods=("pwd",))
    assert refusal(weak) == (401, "AUTH_005")
    assert "insufficient_user_authentication" in weak.headers["www-authenticate"]
    data = (await bank.staff("POST", path)).json()["data"]
    assert (data["status"], data["decided_by"]) == ("completed", str(bank.staff_id))
    assert (await bank.wallet(payer), (await bank.wallet(payee))[0]) == (("0.01", "0.00", "0.01"), "999.99")
    assert refusal(await bank.staff("POST", path)) == (409, "PAY_012")


@pytest.mark.parametrize("act", ["approve", "reject"])
async def test_nobody_decides_on_their_own(bank: Bank, payer: Holder, payee: Holder, act: str) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    body = REASON if act == "reject" else None
    own = await bank.post(f"/transfers/{waiting['id']}/{act}", payer.user_id, body, roles=("staff",))
    assert refusal(own) == (403, "ACC_001")
    assert (await bank.wallet(payer))[1] == "500.00"


async def test_what_is_rejected_fails_and_its_money_is_let_go(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    data = (await bank.staff("POST", f"/transfers/{waiting['id']}/reject", REASON)).json()["data"]
    assert (data["status"], data["reason"], data["decided_by"]) == ("failed", REASON["reason"], str(bank.staff_id))
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    for act, body in (("approve", None), ("reject", REASON)):
        assert refusal(await bank.staff("POST", f"/transfers/{waiting['id']}/{act}", body)) == (409, "PAY_012"), act


async def test_only_what_waits_for_a_decision_is_decided(bank: Bank, payer: Holder, payee: Holder) -> None:
    held, made = await bank.made(payer, payee, "5.00", capture="later"), await bank.made(payer, payee, "6.00")
    for act, body in (("approve", None), ("reject", REASON)):
        for transfer_id, expected in (
            (held["id"], (409, "PAY_012")),
            (made["id"], (409, "PAY_012")),
            (new_id(), (404, "RES_001")),
        ):
            assert refusal(await bank.staff("POST", f"/transfers/{transfer_id}/{act}", body)) == expected, act


async def test_what_waits_for_a_decision_is_not_captured_nor_given_back(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00", capture="later")
    path = f"/transfers/{waiting['id']}"
    for refused in (
        await bank.post(f"{path}/capture", payee.user_id, {}),
        await bank.post(f"{path}/refund", payee.user_id, REASON),
        await bank.staff("POST", f"{path}/reverse", REASON),
    ):
        assert refusal(refused) == (409, "PAY_012"), refused.request.url
    voided = (await bank.post(f"{path}/void", payee.user_id, REASON)).json()["data"]
    assert (voided["status"], await bank.wallet(payer)) == ("cancelled", ("1000.00", "0.00", "1000.00"))


async def test_an_approved_hold_is_captured_later(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00", capture="later")
    approved = (await bank.staff("POST", f"/transfers/{waiting['id']}/approve")).json()["data"]
    assert (approved["status"], approved["held_amount"]) == ("pending", "500.00")
    captured = (await bank.post(f"/transfers/{waiting['id']}/capture", payee.user_id, {})).json()["data"]
    assert (captured["status"], captured["decided_by"]) == ("completed", str(bank.staff_id))


async def test_the_sender_withdraws_what_still_waits(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    data = (await bank.post(f"/transfers/{waiting['id']}/void", payer.user_id, REASON)).json()["data"]
    assert data["status"] == "cancelled"


async def test_nobody_decides_after_the_time_to_decide(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    bank.wait(seconds=72 * HOUR)
    for act, body in (("approve", None), ("reject", REASON)):
        assert refusal(await bank.staff("POST", f"/transfers/{waiting['id']}/{act}", body)) == (409, "PAY_012"), act
    assert await bank.expire() == 1
    data = (await bank.get(f"/transfers/{waiting['id']}", payer.user_id)).json()["data"]
    assert (data["status"], data["reason"]) == ("failed", "expired")


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


async def test_a_refund_without_an_amount_gives_back_what_had_moved(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    back = await bank.post(f"/transfers/{held['id']}/refund", payee.user_id, REASON)
    assert (back.status_code, back.json()["data"]["amount"]) == (201, "100.00")
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_what_is_captured_is_posted_when_it_is(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    bank.wait(seconds=3600)
    settled_at = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})).json()["data"]["settled_at"]
    assert settled_at != held["created_at"]
    for holder in (payer, payee):
        newest = (await bank.get(f"/wallets/{holder.wallet_id}/postings", holder.user_id)).json()["data"]["items"][0]
        assert (newest["transfer_id"], newest["posted_at"]) == (held["id"], settled_at)


async def test_a_whole_refund_repeated_is_still_the_first(bank: Bank, payer: Holder, payee: Holder) -> None:
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


async def test_what_was_spent_or_refunded_in_part_is_not_reversed(bank: Bank, payer: Holder, payee: Holder) -> None:
    spent = await bank.made(payer, payee, "100.00")
    await bank.made(payee, payer, "50.00")
    assert refusal(await bank.staff("POST", f"/transfers/{spent['id']}/reverse", REASON)) == (409, "PAY_001")
    await bank.post(f"/transfers/{spent['id']}/refund", payee.user_id, {"amount": "1.00", **REASON})
    assert refusal(await bank.staff("POST", f"/transfers/{spent['id']}/reverse", REASON)) == (409, "PAY_013")


async def test_a_conversion_arrives_at_the_rate_with_its_spread_apart(bank: Bank, payer: Holder) -> None:
    bank.exchange("0.05", "2")
    dollars = await bank.holder(currency="USD")
    sent = await bank.made(payer, dollars, "100.00", target_currency="USD", key="fx")
    assert (sent["kind"], sent["target_amount"], sent["target_currency"], sent["rate"]) == ("conversion", "4.90", "USD", "0.049")
    assert (await bank.wallet(payer))[0] == "900.00"
    assert (await bank.wallet(dollars))[0] == "4.90"
    lines = (await bank.staff("GET", "/ledger/trial-balance")).json()["data"]["items"]
    assert {line["total"] for line in lines} == {"0.00", "0.00000000"}
    books = (await bank.staff("GET", "/accounts?kind=system&currency=USD")).json()["data"]["items"]
    assert {a["code"]: a["balance"] for a in books if Decimal(a["balance"])} == {"fx": "-5.00", "fx_spread": "0.10"}
    replay = await bank.pay(payer, dollars, "100.00", target_currency="USD", key="fx")
    assert replay.json()["data"] == sent
    undone = await bank.staff("POST", f"/transfers/{sent['id']}/reverse", REASON)
    assert undone.status_code == 201, undone.text
    assert ((await bank.wallet(payer))[0], (await bank.wallet(dollars))[0]) == ("1000.00", "0.00")


async def test_a_conversion_is_reversed_in_both_currencies_spread_fees_and_all(bank: Bank, payer: Holder) -> None:
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


async def test_a_conversion_without_a_rate_or_on_hold_is_refused(bank: Bank, payer: Holder) -> None:
    dollars = await bank.holder(currency="USD")
    assert refusal(await bank.pay(payer, dollars, "1.00", target_currency="USD")) == (409, "PAY_031")
    bank.exchange("0.05")
    assert (await bank.pay(payer, dollars, "1.00", target_currency="USD", capture="later")).status_code == 422
    assert (await bank.pay(payer, dollars, "1.00", target_currency="NAD")).status_code == 422
    converted = await bank.made(payer, dollars, "100.00", target_currency="USD")
    refund = await bank.post(f"/transfers/{converted['id']}/refund", dollars.user_id, REASON)
    assert refusal(refund) == (409, "PAY_013")


async def test_a_payment_bears_its_reference_and_is_listed(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.made(payer, payee, "1.00")
    shop = await bank.merchant()
    paid = await bank.made(payer, shop, "480.00", path="/payments", reference="INV-17", metadata={"order": "A-17"})
    assert (paid["kind"], paid["reference"], paid["metadata"]) == ("payment", "INV-17", {"order": "A-17"})
    assert (await bank.pay(payer, shop, "1.00", path="/payments")).status_code == 422
    for party in (payer, shop):
        items = (await bank.get("/payments", party.user_id)).json()["data"]["items"]
        assert [item["id"] for item in items] == [paid["id"]]


async def test_limits_are_counted_and_what_did_not_happen_is_not(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = Limits([limit(single_max="400", day_max="500", month_max="700")])
    single = await bank.pay(payer, payee, "400.01")
    assert refusal(single) == (409, "PAY_030")
    held = await bank.made(payer, payee, "400.00", capture="later")
    assert refusal(await bank.pay(payer, payee, "100.01")) == (409, "PAY_030")
    await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)
    held = await bank.made(payer, payee, "400.00", capture="later")
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    assert (await bank.made(payer, payee, "400.00"))["status"] == "completed"
    assert refusal(await bank.pay(payer, payee, "0.01")) == (409, "PAY_030")
    bank.wait(days=1)
    assert refusal(await bank.pay(payer, payee, "200.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "200.00"))["status"] == "completed"


@pytest.mark.parametrize("undo", ["void", "expire", "reject", "reverse"])
async def test_what_was_undone_is_given_back_to_the_day_it_was_counted_on(
    bank: Bank, payer: Holder, payee: Holder, undo: str
) -> None:
    bank.prices.limit_book = Limits([limit(day_max="500")])
    bank.prices.rules = approval_from("400" if undo == "reject" else "1000")
    capture = "later" if undo in {"void", "expire"} else "now"
    today, tomorrow = await bank.made(payer, payee, "400.00", capture=capture), timedelta(days=1).total_seconds()
    path = f"/transfers/{today['id']}"

    async def undone() -> None:
        if undo == "expire":
            assert await bank.expire() == 1
        elif undo == "void":
            assert (await bank.post(f"{path}/void", payee.user_id, REASON)).status_code == 200
        else:
            assert (await bank.staff("POST", f"{path}/{undo}", REASON)).status_code in {200, 201}

    assert refusal(await bank.pay(payer, payee, "100.01")) == (409, "PAY_030")
    if undo == "expire":
        bank.wait(days=7)
    else:
        await undone()
        today = await bank.made(payer, payee, "400.00", capture=capture)
        path = f"/transfers/{today['id']}"
        bank.wait(seconds=tomorrow)
    assert (await bank.made(payer, payee, "300.00"))["status"] == "completed"
    await undone()
    assert refusal(await bank.pay(payer, payee, "200.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "200.00"))["status"] == "completed"


async def test_a_payers_tier_says_how_much_may_be_moved(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = Limits([limit(day_max="500"), limit(tier="business", day_max="600")])
    body = {"tier": "business", "currency": "NAD", "day_max": "600", "reason": "resolution 12"}
    assert (await bank.post("/limits", bank.staff_id, body, roles=("admin",))).status_code == 201
    assert refusal(await bank.pay(payer, payee, "500.01")) == (409, "PAY_030")
    path, why = f"/limits/tiers/{payer.user_id}", {"tier": "business", "reason": "registered"}
    assert (await bank.send("PUT", path, bank.staff_id, why, roles=("admin",))).status_code == 200
    held = await bank.made(payer, payee, "600.00", capture="later")
    assert (await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)).status_code == 200
    assert refusal(await bank.pay(payer, payee, "600.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "600.00"))["status"] == "completed"
    # The payee's own is the standard one still.
    assert refusal(await bank.pay(payee, payer, "500.01")) == (409, "PAY_030")


async def test_a_large_transfer_is_signed_or_refused(bank: Bank, payee: Holder) -> None:
    rich = await bank.holder("20000.00")
    assert (await bank.pay(rich, payee, "5000.00")).status_code == 201
    assert refusal(await bank.pay(rich, payee, "5000.01")) == (409, "PAY_016")
    key_id = str(new_id())
    forged = {"key_id": key_id, "algorithm": "Ed25519", "value": "f" * 86}
    assert refusal(await bank.pay(rich, payee, "5000.01", signature=forged)) == (422, "PAY_017")
    good = {**forged, "value": GOOD_SIGNATURE}
    signed = await bank.made(rich, payee, "5000.01", signature=good)
    assert signed["signature"] == good
    assert (await bank.get(f"/transfers/{signed['id']}", payee.user_id)).json()["data"]["signature"] == good


@pytest.mark.parametrize("description", ["a\x00b", "'; DROP TABLE postings; --", "=HYPERLINK()", "\u202etxet"])
async def test_hostile_text_is_refused_or_kept_as_it_is(bank: Bank, payer: Holder, payee: Holder, description: str) -> None:
    response = await bank.pay(payer, payee, "1.00", description=description)
    assert response.status_code in {201, 400, 422}
    if response.status_code == 201:
        assert response.json()["data"]["description"] == description


async def test_a_frozen_wallet_neither_sends_nor_receives_nor_is_captured_from(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "10.00", capture="later")
    frozen = await bank.staff("POST", f"/wallets/{payer.wallet_id}/freeze", REASON)
    assert (frozen.status_code, frozen.json()["data"]["status"]) == (200, "frozen")
    other = await bank.holder("5.00")
    for refused in (
        await bank.pay(payer, payee, "1.00"),
        await bank.pay(other, payer, "1.00"),
        await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {}),
    ):
        assert refusal(refused) == (409, "PAY_008")
    voided = await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)
    assert voided.json()["data"]["status"] == "cancelled"
    await bank.staff("POST", f"/wallets/{payer.wallet_id}/unfreeze", REASON)
    assert (await bank.made(payer, payee, "1.00"))["status"] == "completed"
