"""Transfers that await an approval, and the decisions on them."""

import pytest

from kernel.ids import new_id
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import HOUR, Bank, Holder, refusal

REASON = {"reason": "asked for by the payer"}


async def test_a_large_transfer_awaits_another_persons_approval(bank: Bank, payer: Holder, payee: Holder) -> None:
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
async def test_nobody_decides_on_their_own_transfer(bank: Bank, payer: Holder, payee: Holder, act: str) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    body = REASON if act == "reject" else None
    own = await bank.post(f"/transfers/{waiting['id']}/{act}", payer.user_id, body, roles=("staff",))
    assert refusal(own) == (403, "ACC_001")
    assert (await bank.wallet(payer))[1] == "500.00"


async def test_a_rejected_transfer_fails_and_its_money_is_released(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    data = (await bank.staff("POST", f"/transfers/{waiting['id']}/reject", REASON)).json()["data"]
    assert (data["status"], data["reason"], data["decided_by"]) == ("failed", REASON["reason"], str(bank.staff_id))
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    for act, body in (("approve", None), ("reject", REASON)):
        assert refusal(await bank.staff("POST", f"/transfers/{waiting['id']}/{act}", body)) == (409, "PAY_012"), act


async def test_only_a_transfer_that_awaits_a_decision_can_be_decided_on(bank: Bank, payer: Holder, payee: Holder) -> None:
    held, made = await bank.made(payer, payee, "5.00", capture="later"), await bank.made(payer, payee, "6.00")
    for act, body in (("approve", None), ("reject", REASON)):
        for transfer_id, expected in (
            (held["id"], (409, "PAY_012")),
            (made["id"], (409, "PAY_012")),
            (new_id(), (404, "RES_001")),
        ):
            assert refusal(await bank.staff("POST", f"/transfers/{transfer_id}/{act}", body)) == expected, act


async def test_a_transfer_that_awaits_a_decision_is_not_captured_or_refunded(bank: Bank, payer: Holder, payee: Holder) -> None:
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


async def test_the_sender_withdraws_a_transfer_that_awaits_approval(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    data = (await bank.post(f"/transfers/{waiting['id']}/void", payer.user_id, REASON)).json()["data"]
    assert data["status"] == "cancelled"


async def test_nobody_decides_after_the_deadline(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("500")
    waiting = await bank.made(payer, payee, "500.00")
    bank.wait(seconds=72 * HOUR)
    for act, body in (("approve", None), ("reject", REASON)):
        assert refusal(await bank.staff("POST", f"/transfers/{waiting['id']}/{act}", body)) == (409, "PAY_012"), act
    assert await bank.expire() == 1
    data = (await bank.get(f"/transfers/{waiting['id']}", payer.user_id)).json()["data"]
    assert (data["status"], data["reason"]) == ("failed", "expired")
