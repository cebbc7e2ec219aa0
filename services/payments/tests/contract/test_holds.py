"""Holds, from the order until they are captured, voided or expire."""

import pytest

from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record

REASON = {"reason": "asked for by the payer"}


async def test_a_hold_reduces_the_available_balance_and_moves_nothing(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    assert (held["status"], held["held_amount"], held["settled_at"]) == ("pending", "300.00", None)
    assert held["expires_at"] is not None
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    assert await bank.wallet(payee) == ("0.00", "0.00", "0.00")
    assert refusal(await bank.pay(payer, payee, "700.01")) == (409, "PAY_001")


@pytest.mark.parametrize("by", ["payer", "payee"])
async def test_either_party_captures_a_part_and_the_rest_is_released(bank: Bank, payer: Holder, payee: Holder, by: str) -> None:
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


async def test_a_repeated_capture_returns_the_first_response(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    path = f"/transfers/{held['id']}/capture"
    first = await bank.post(path, payee.user_id, {}, key="once")
    again = await bank.post(path, payee.user_id, {}, key="once")
    assert (first.status_code, first.json()["data"]) == (again.status_code, again.json()["data"])
    assert again.headers["idempotency-replayed"] == "true"


async def test_fees_are_charged_for_the_captured_part(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="3.00")
    held = await bank.made(payer, payee, "300.00", capture="later")
    assert (held["fee_total"], held["held_amount"]) == ("3.00", "303.00")
    data = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})).json()["data"]
    assert (data["fee_total"], [line["account"] for line in data["fees"]]) == ("1.00", ["fees"])
    assert await bank.wallet(payer) == ("899.00", "0.00", "899.00")
    read = (await bank.get(f"/transfers/{held['id']}", payer.user_id)).json()["data"]
    assert (read["fee_total"], read["captured_amount"], read["amount"]) == ("1.00", "100.00", "300.00")


@pytest.mark.parametrize(("amount", "expected"), [("300.01", (409, "PAY_015")), ("0", (409, "PAY_015"))])
async def test_a_capture_beyond_the_held_amount_is_refused(
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


async def test_a_hold_is_expired_by_its_job_and_not_earlier(bank: Bank, payer: Holder, payee: Holder) -> None:
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


@pytest.mark.parametrize("whose", ["payer", "payer's wallet", "payee's wallet"])
@pytest.mark.parametrize(("act", "capture"), [("approve", "now"), ("approve", "later"), ("capture", "later")])
async def test_a_party_blocked_while_the_hold_waited_is_found_before_it_moves(
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

    # The refused request has not used its key.
    bank.screening.blocked.clear()
    moved = await bank.post(f"{path}/{act}", decider[0], body, roles=(decider[1],), key="once")
    expected = "pending" if (act, capture) == ("approve", "later") else "completed"
    assert (moved.status_code, moved.json()["data"]["status"]) == (200, expected)


@pytest.mark.parametrize("act", ["approve", "capture"])
async def test_while_compliance_is_away_a_waiting_transfer_continues_to_wait(
    bank: Bank, payer: Holder, payee: Holder, act: str
) -> None:
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
async def test_a_waiting_transfer_is_not_moved_from_or_to_a_frozen_wallet(
    bank: Bank, payer: Holder, payee: Holder, whose: str
) -> None:
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


async def test_a_captured_hold_is_posted_at_the_time_of_its_capture(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    bank.wait(seconds=3600)
    settled_at = (await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})).json()["data"]["settled_at"]
    assert settled_at != held["created_at"]
    for holder in (payer, payee):
        newest = (await bank.get(f"/wallets/{holder.wallet_id}/postings", holder.user_id)).json()["data"]["items"][0]
        assert (newest["transfer_id"], newest["posted_at"]) == (held["id"], settled_at)


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
