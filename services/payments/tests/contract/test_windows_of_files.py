"""How approval rules with a window count files of transfers."""

from decimal import Decimal
from uuid import UUID

import pytest

from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.rulebook import counted, govern, rule
from services.payments.tests.contract.windows import NOTHING, submitted


@pytest.fixture
async def payer(bank: Bank) -> Holder:
    return await bank.holder("9000.00")


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_a_file_counts_once_before_and_while_and_after_it_runs(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 1)
    made = await submitted(bank, payer, *[(payee, "10.00")] * 3, mode=mode)
    seen: list[Decimal] = []
    assert await counted(bank, payer, payee) == 30

    class Looks:
        async def refresh(self) -> None:
            seen.append(await counted(bank, payer, payee))

    await bank.bulk_runner(Looks())(bulk_id=UUID(made["id"]))
    assert seen == [Decimal(30)] * (4 if mode == "best_effort" else 2)
    assert (await bank.get(f"/transfers/bulk/{made['id']}", payer.user_id)).json()["data"]["status"] == "completed"


async def test_an_ended_file_counts_what_was_settled_of_it(bank: Bank, payee: Holder) -> None:
    poor = await bank.holder("25.00")
    made = await submitted(bank, poor, (payee, "10.00"), (payee, "20.00"), (payee, "5.00"))
    assert await counted(bank, poor, payee) == 35
    await bank.run_bulk(made["id"])
    assert await counted(bank, poor, payee) == 15
    cancelled = await submitted(bank, poor, (payee, "7.00"))
    assert await counted(bank, poor, payee) == 22
    await bank.post(f"/transfers/bulk/{cancelled['id']}/cancel", poor.user_id, {"reason": "wrong month"})
    assert await counted(bank, poor, payee) == 15


@pytest.mark.parametrize("hours", [0, 30])
async def test_a_file_that_waits_counts_from_its_approval_on(bank: Bank, payer: Holder, payee: Holder, hours: int) -> None:
    bank.prices.rules = approval_from("50")
    made = await submitted(bank, payer, (payee, "60.00"))
    assert (made["status"], await counted(bank, payer, payee)) == ("pending_approval", NOTHING)
    bank.wait(seconds=hours * 3600)
    assert (await bank.staff("POST", f"/transfers/bulk/{made['id']}/approve")).status_code == 200
    assert await counted(bank, payer, payee) == 60
    await bank.run_bulk(made["id"])
    assert await counted(bank, payer, payee) == 60


async def test_the_remaining_lines_of_a_file_count_however_long_ago_it_was_accepted(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    """Its lines are sent when they run, which is within the window."""
    made = await submitted(bank, payer, (payee, "60.00"))
    bank.wait(days=2)
    assert await counted(bank, payer, payee) == 60
    await bank.run_bulk(made["id"])
    assert await counted(bank, payer, payee) == 60
    bank.wait(days=1)
    assert await counted(bank, payer, payee) == NOTHING


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_lines_of_one_file_are_checked_together(bank: Bank, payer: Holder, mode: str) -> None:
    payees = [await bank.holder() for _ in range(3)]
    govern(bank, rule("100"), rule("50", counterparty=payees[0].user_id))
    assert (await submitted(bank, payer, *[(one, "33.33") for one in payees], mode=mode))["status"] == "accepted"
    total = await submitted(bank, payer, (payees[1], "50.00"), (payees[2], "50.00"), mode=mode)
    named = await submitted(bank, payer, (payees[0], "25.00"), (payees[0], "25.00"), (payees[1], "1.00"), mode=mode)
    assert (total["status"], total["approval_rules"]) == ("pending_approval", ["rule-0"])
    assert (named["status"], named["approval_rules"]) == ("pending_approval", ["rule-1"])
