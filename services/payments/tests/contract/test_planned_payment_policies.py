"""Policies about payments are asked again when a schedule or a file makes them, with the roles of that time."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.testing.stored import unchanged
from kernel.errors import Unavailable
from payments.domain.errors import NoLongerPermitted
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.companies import founded
from services.payments.tests.contract.published_policies import above, forbid, limit, publish
from services.payments.tests.contract.waiting_files import file, modes, standing

TRAINEE: Final = frozenset({"user", "trainee"})
TRAINEES: Final = limit("100.00", role="trainee")


@pytest.fixture
def trainees(bank: Bank) -> None:
    """Trainees pay at most 100.00 in one request."""
    publish(bank, TRAINEES)


async def plan(bank: Bank, payer: Holder, payee: Holder, amount: str, **rest: Any) -> str:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": amount,
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    planned = await bank.post("/transfers/schedules", payer.user_id, body, **rest)
    assert planned.status_code == 201, planned.text
    schedule_id: str = planned.json()["data"]["id"]
    return schedule_id


async def runs(bank: Bank, payer: Holder, schedule_id: str) -> list[tuple[str | None, str | None]]:
    """Return the code and the error of each occurrence."""
    items = (await bank.get(f"/transfers/schedules/{schedule_id}/runs", payer.user_id)).json()["data"]["items"]
    assert [one["transfer_id"] is None for one in items] == [one["code"] is not None for one in items]
    return [(one["code"], one["error"]) for one in reversed(items)]


async def transfers(bank: Bank) -> int:
    async with bank.database.read() as connection:
        return await connection.scalar(text("SELECT count(*) FROM transfers WHERE kind <> 'issuance'")) or 0


async def submit(bank: Bank, payer: Holder, *to: tuple[Holder, str], mode: str = "best_effort", **rest: Any) -> str:
    answer = await bank.post("/transfers/bulk", payer.user_id, file(payer, *to, mode=mode), **rest)
    assert answer.status_code == 202, answer.text
    bulk_id: str = answer.json()["data"]["id"]
    return bulk_id


async def outcomes(bank: Bank, bulk_id: str) -> list[tuple[str, str | None]]:
    items = (await bank.staff("GET", f"/transfers/bulk/{bulk_id}/lines")).json()["data"]["items"]
    return [(item["status"], item["code"]) for item in items]


REFUSED: Final = ("ACC_001", NoLongerPermitted().message)


async def test_a_schedule_is_judged_with_the_roles_of_the_day(bank: Bank, payer: Holder, payee: Holder, trainees: None) -> None:
    schedule_id = await plan(bank, payer, payee, "100.01")
    bank.authority.roles[payer.user_id] = TRAINEE
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    assert await runs(bank, payer, schedule_id) == [REFUSED]
    assert (await transfers(bank), await bank.wallet(payer)) == (0, ("1000.00", "0.00", "1000.00"))

    bank.authority.roles.clear()
    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    assert await runs(bank, payer, schedule_id) == [REFUSED, (None, None)]
    assert (await transfers(bank), await bank.wallet(payee)) == (1, ("100.01", "0.00", "100.01"))


async def test_a_schedule_at_the_limit_is_made(bank: Bank, payer: Holder, payee: Holder, trainees: None) -> None:
    schedule_id = await plan(bank, payer, payee, "100.00", roles=("user", "trainee"))
    bank.authority.roles[payer.user_id] = TRAINEE
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    assert await runs(bank, payer, schedule_id) == [(None, None)]


async def test_a_policy_that_came_into_force_since_applies_to_earlier_schedules(bank: Bank, payer: Holder, payee: Holder) -> None:
    large, small = await plan(bank, payer, payee, "100.01"), await plan(bank, payer, payee, "100.00")
    publish(bank, limit("100.00"))
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 2
    assert await runs(bank, payer, large) == [REFUSED]
    assert await runs(bank, payer, small) == [(None, None)]
    assert (await bank.wallet(payer))[0] == "900.00"


async def test_a_planned_payment_is_denied_by_a_policy_about_sign_ins_unless_it_is_about_sessions(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    schedule_id = await plan(bank, payer, payee, "50.00")
    everybody = f"{above('10.00')} && !context.two_factors"
    bank.wait(seconds=3600)
    for guard, expected in (("", REFUSED), ("context.interactive && ", (None, None))):
        publish(bank, forbid("mfa", f"{guard}{everybody}", step_up_seconds=300))
        assert await bank.run_schedules() == 1
        assert (await runs(bank, payer, schedule_id))[-1] == expected
        bank.wait(days=1)
    assert await bank.wallet(payer) == ("950.00", "0.00", "950.00")


async def test_a_payment_of_an_organization_is_judged_as_the_organizations_later_too(bank: Bank, payee: Holder) -> None:
    company = await founded(bank, "1000.00")
    own = "resource has owner && resource.owner != principal.id"
    publish(bank, forbid("own", f"{own} && !(principal has organization && principal.organization == resource.owner)"))
    starts_at = (bank.clock.now() + timedelta(hours=1)).isoformat()
    wallets = {"source_wallet_id": str(company.wallet_id), "target_wallet_id": str(payee.wallet_id)}
    planned = await company.send(
        "POST", "/transfers/schedules", {**wallets, "amount": "5.00", "currency": "NAD", "starts_at": starts_at}
    )
    submitted = await company.send("POST", "/transfers/bulk", file(company.as_holder, (payee, "7.00")))
    assert (planned.status_code, submitted.status_code) == (201, 202)
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    await bank.run_bulk(submitted.json()["data"]["id"])
    assert (await company.balance(), await bank.wallet(payee)) == ("988.00", ("12.00", "0.00", "12.00"))


async def test_policies_that_are_too_old_postpone_a_schedule(bank: Bank, payer: Holder, payee: Holder, trainees: None) -> None:
    schedule_id = await plan(bank, payer, payee, "100.00")
    bank.clock.advance(seconds=3600)
    async with unchanged(bank.database):
        assert await bank.run_schedules() == 0
    bank.policies.confirm()
    assert await bank.run_schedules() == 1
    assert await runs(bank, payer, schedule_id) == [(None, None)]


@modes
async def test_a_file_is_judged_as_a_whole_with_the_roles_of_its_run(
    bank: Bank, payer: Holder, payee: Holder, trainees: None, mode: str
) -> None:
    to = [(payee, "60.00"), (payee, "40.01")]
    bulk_id = await submit(bank, payer, *to, mode=mode)
    bank.authority.roles[payer.user_id] = TRAINEE
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("refused", "ACC_001")] * 2
    assert (await standing(bank, bulk_id))["status"] == "failed"
    assert (await transfers(bank), await bank.wallet(payer)) == (0, ("1000.00", "0.00", "1000.00"))

    bank.authority.roles.clear()
    again = await submit(bank, payer, *to, mode=mode)
    await bank.run_bulk(again)
    assert await outcomes(bank, again) == [("settled", None)] * 2


@modes
async def test_a_file_at_the_limit_runs(bank: Bank, payer: Holder, payee: Holder, trainees: None, mode: str) -> None:
    bulk_id = await submit(bank, payer, (payee, "60.00"), (payee, "40.00"), mode=mode, roles=("user", "trainee"))
    bank.authority.roles[payer.user_id] = TRAINEE
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("settled", None)] * 2


@modes
async def test_an_approval_of_a_file_is_no_permission(
    bank: Bank, payer: Holder, payee: Holder, trainees: None, rules: None, mode: str
) -> None:
    bulk_id = await submit(bank, payer, (payee, "60.00"), (payee, "60.00"), mode=mode)
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")).status_code == 200
    bank.authority.roles[payer.user_id] = TRAINEE
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("refused", "ACC_001")] * 2
    assert (await transfers(bank), await bank.wallet(payer)) == (0, ("1000.00", "0.00", "1000.00"))


@modes
async def test_an_approved_file_that_is_permitted_requires_no_other_approval(
    bank: Bank, payer: Holder, payee: Holder, trainees: None, rules: None, mode: str
) -> None:
    bulk_id = await submit(bank, payer, (payee, "60.00"), (payee, "60.00"), mode=mode)
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")).status_code == 200
    bank.prices.rules = approval_from("1")
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("settled", None)] * 2


async def test_a_file_that_is_denied_does_not_wait_for_an_approval(
    bank: Bank, payer: Holder, payee: Holder, trainees: None
) -> None:
    bulk_id = await submit(bank, payer, (payee, "60.00"), (payee, "60.00"))
    bank.prices.rules = approval_from("100")
    bank.authority.roles[payer.user_id] = TRAINEE
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("refused", "ACC_001")] * 2


class ThenChanges:
    """Refreshes the rules: first without a change, and then by giving a payer a role."""

    def __init__(self, bank: Bank, payer: Holder, *, after: int) -> None:
        self._bank, self._payer, self._left = bank, payer, after

    async def refresh(self) -> None:
        if self._left == 0:
            self._bank.authority.roles[self._payer.user_id] = TRAINEE
        self._left -= 1


@pytest.mark.parametrize("approved", [False, True])
async def test_the_rest_of_a_file_is_refused_once_the_payer_lost_the_right_to_it(
    bank: Bank, payer: Holder, payee: Holder, trainees: None, monkeypatch: pytest.MonkeyPatch, approved: bool
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 1)
    if approved:
        bank.prices.rules = approval_from("100")
    bulk_id = await submit(bank, payer, *[(payee, "40.00")] * 3)
    if approved:
        await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    await bank.bulk_runner(ThenChanges(bank, payer, after=1))(bulk_id=UUID(bulk_id))
    assert await outcomes(bank, bulk_id) == [("settled", None), *[("refused", "ACC_001")] * 2]
    assert await bank.wallet(payer) == ("960.00", "0.00", "960.00")


async def test_the_kind_of_a_line_is_the_one_that_was_permitted(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payee who becomes a merchant after the file was judged would make a payment of a transfer."""
    monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 1)
    publish(bank, forbid("kind", 'context has kind && context.kind == "payment"'))
    bulk_id = await submit(bank, payer, (payee, "40.00"), (payee, "40.00"))
    once = iter([None, payee])

    class ThenSells:
        async def refresh(self) -> None:
            if holder := next(once, None):
                await bank.sells(holder)

    await bank.bulk_runner(ThenSells())(bulk_id=UUID(bulk_id))
    assert await outcomes(bank, bulk_id) == [("settled", None), ("refused", "PAY_053")]

    other = await submit(bank, payer, (await bank.holder(), "1.00"))
    await bank.run_bulk(other)
    assert await outcomes(bank, other) == [("settled", None)]


@modes
async def test_a_payee_who_became_a_merchant_before_the_run_is_judged_as_one(
    bank: Bank, payer: Holder, payee: Holder, mode: str
) -> None:
    publish(bank, forbid("kind", 'context has kind && context.kind == "payment"'))
    bulk_id = await submit(bank, payer, (payee, "40.00"), mode=mode)
    await bank.sells(payee)
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("refused", "ACC_001")]
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


@modes
async def test_policies_that_are_too_old_postpone_a_file(
    bank: Bank, payer: Holder, payee: Holder, trainees: None, mode: str
) -> None:
    bulk_id = await submit(bank, payer, (payee, "40.00"), mode=mode)
    bank.clock.advance(seconds=301)
    with pytest.raises(Unavailable):
        await bank.run_bulk(bulk_id)
    assert await transfers(bank) == 0
    bank.policies.confirm()
    await bank.run_bulk(bulk_id)
    assert await outcomes(bank, bulk_id) == [("settled", None)]


async def test_a_shadow_policy_refuses_no_planned_payment(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, shadow=[limit("100.00")])
    schedule_id, bulk_id = await plan(bank, payer, payee, "100.01"), await submit(bank, payer, (payee, "100.01"))
    bank.decisions.clear()
    bank.wait(seconds=3600)
    await bank.run_schedules()
    await bank.run_bulk(bulk_id)
    assert await runs(bank, payer, schedule_id) == [(None, None)]
    assert await outcomes(bank, bulk_id) == [("settled", None)]
    watched = [(each.shadow, each.inputs.interactive, each.inputs.roles) for each in bank.decisions]
    assert watched == [(("policy:limit",), False, ("user",))] * 2
