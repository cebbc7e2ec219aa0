"""Who may approve or undo a transfer when its parties may not act, or are the ones who decide."""

from typing import Any, Final

import pytest

from chassis.testing.stored import unchanged
from payments.domain.account import SystemCode, system_account_id
from payments.domain.standing import Standing
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.ways import leg

REASON: Final = {"reason": "asked for by phone"}


@pytest.fixture
async def waiting(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    bank.approve_above("100.00")
    return await bank.made(payer, payee, "300.00")


@pytest.mark.parametrize(
    ("whose", "standing", "code"),
    [
        ("payer", Standing.SUSPENDED, "PAY_050"),
        ("payer", Standing.CLOSED, "PAY_051"),
        ("payee", Standing.SUSPENDED, "PAY_052"),
        ("payee", Standing.CLOSED, "PAY_052"),
    ],
)
async def test_a_transfer_whose_party_may_not_act_is_not_approved_but_can_be_rejected(
    bank: Bank, payer: Holder, payee: Holder, waiting: dict[str, Any], whose: str, standing: Standing, code: str
) -> None:
    bank.authority.standing[(payer if whose == "payer" else payee).user_id] = standing
    path = f"/transfers/{waiting['id']}"
    async with unchanged(bank.database):
        assert refusal(await bank.staff("POST", f"{path}/approve")) == (409, code)
    assert (await bank.staff("POST", f"{path}/reject", REASON)).status_code == 200
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_without_a_response_of_identity_nothing_is_approved(bank: Bank, waiting: dict[str, Any]) -> None:
    bank.authority.away = True
    async with unchanged(bank.database):
        assert refusal(await bank.staff("POST", f"/transfers/{waiting['id']}/approve")) == (503, "SRV_002")
    bank.authority.away = False
    assert (await bank.staff("POST", f"/transfers/{waiting['id']}/approve")).status_code == 200


@pytest.mark.parametrize("whose", ["payer", "payee"])
async def test_staff_do_not_undo_transfers_that_they_paid_or_received(
    bank: Bank, payer: Holder, payee: Holder, whose: str
) -> None:
    made = await bank.made(payer, payee, "20.00")
    who = payer if whose == "payer" else payee
    async with unchanged(bank.database):
        answer = await bank.post(f"/transfers/{made['id']}/reverse", who.user_id, REASON, roles=("staff",))
        assert refusal(answer) == (403, "ACC_001")
    assert (await bank.staff("POST", f"/transfers/{made['id']}/reverse", REASON)).status_code == 201


async def test_staff_do_not_set_the_usage_of_their_own_wallet(bank: Bank, payee: Holder) -> None:
    body = {"usage": "merchant", **REASON}
    async with unchanged(bank.database):
        answer = await bank.send("PUT", f"/wallets/{payee.wallet_id}/usage", payee.user_id, body, roles=("staff",))
        assert refusal(answer) == (403, "ACC_001")


async def test_a_system_account_is_absent_as_a_source_too(bank: Bank, payer: Holder, payee: Holder) -> None:
    for code in SystemCode:
        body = leg(Holder(payer.user_id, system_account_id(code, "NAD")), payee, "1.00")
        async with unchanged(bank.database):
            assert refusal(await bank.post("/transfers", payer.user_id, body)) == (404, "RES_001")


async def test_the_rest_in_a_wallet_has_the_digits_of_its_currency(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.made(payer, payee, "10.00", capture="later")
    for holder, details in (
        (payer, {"balance": "1000.00", "held": "10.00", "expecting": 0}),
        (payee, {"balance": "0.00", "held": "0.00", "expecting": 1}),
    ):
        answer = await bank.send("DELETE", f"/wallets/{holder.wallet_id}", holder.user_id)
        assert (refusal(answer), answer.json()["details"]) == ((409, "PAY_010"), details)
