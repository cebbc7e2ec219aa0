"""Who may capture a hold when its payer or its payee is suspended."""

from typing import Any

import pytest

from payments.domain.standing import Standing
from services.payments.tests.contract.bank import Bank, Holder, refusal


@pytest.fixture
async def held(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    return await bank.made(payer, payee, "300.00", capture="later")


BARRED = [Standing.SUSPENDED, Standing.CLOSED]


@pytest.mark.parametrize("standing", BARRED)
async def test_the_payee_captures_what_a_payer_ordered_before_a_suspension(
    bank: Bank, payer: Holder, payee: Holder, held: dict[str, Any], standing: Standing
) -> None:
    bank.authority.standing[payer.user_id] = standing
    captured = await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})
    assert (captured.status_code, captured.json()["data"]["status"]) == (200, "completed")
    assert (await bank.wallet(payee))[0] == "300.00"


@pytest.mark.parametrize("standing", BARRED)
@pytest.mark.parametrize("by", ["payer", "payee"])
async def test_a_payee_who_may_not_act_captures_nothing_and_the_hold_is_released(
    bank: Bank, payer: Holder, payee: Holder, held: dict[str, Any], standing: Standing, by: str
) -> None:
    bank.authority.standing[payee.user_id] = standing
    who = payer if by == "payer" else payee
    refused = await bank.post(f"/transfers/{held['id']}/capture", who.user_id, {})
    assert refusal(refused) == (409, "PAY_052")
    assert (await bank.wallet(payer), await bank.wallet(payee)) == (("1000.00", "300.00", "700.00"), ("0.00", "0.00", "0.00"))

    voided = await bank.post(f"/transfers/{held['id']}/void", payee.user_id, {"reason": "closed"})
    assert (voided.status_code, await bank.wallet(payer)) == (200, ("1000.00", "0.00", "1000.00"))


@pytest.mark.parametrize(("standing", "code"), [(Standing.SUSPENDED, "PAY_050"), (Standing.CLOSED, "PAY_051")])
async def test_a_payer_who_may_not_act_captures_nothing_with_an_earlier_token(
    bank: Bank, payer: Holder, held: dict[str, Any], standing: Standing, code: str
) -> None:
    bank.authority.standing[payer.user_id] = standing
    assert refusal(await bank.post(f"/transfers/{held['id']}/capture", payer.user_id, {})) == (409, code)
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")


async def test_both_standings_take_one_request(bank: Bank, payer: Holder, payee: Holder, held: dict[str, Any]) -> None:
    bank.authority.asked.clear()
    assert (await bank.post(f"/transfers/{held['id']}/capture", payer.user_id, {})).status_code == 200
    assert bank.authority.asked == [{payer.user_id, payee.user_id}]


@pytest.mark.parametrize("by", ["payer", "payee"])
async def test_while_identity_is_away_nothing_is_captured(
    bank: Bank, payer: Holder, payee: Holder, held: dict[str, Any], by: str
) -> None:
    who = payer if by == "payer" else payee
    bank.authority.away = True
    assert refusal(await bank.post(f"/transfers/{held['id']}/capture", who.user_id, {})) == (503, "SRV_002")
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    bank.authority.away = False
    assert (await bank.post(f"/transfers/{held['id']}/capture", who.user_id, {})).status_code == 200


async def test_a_payer_may_void_a_hold_that_awaits_approval_though_both_are_suspended(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    bank.authority.standing |= {payer.user_id: Standing.SUSPENDED, payee.user_id: Standing.SUSPENDED}
    bank.authority.away = True
    assert (await bank.post(f"/transfers/{held['id']}/void", payee.user_id, {"reason": "over"})).status_code == 200
    assert (await bank.wallet(payer))[1] == "0.00"
