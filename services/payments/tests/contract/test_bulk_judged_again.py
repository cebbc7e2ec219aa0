"""Bulk transfers whose approval is checked again before the first line runs, or whose payee changes during a run."""

from datetime import timedelta
from uuid import UUID

import pytest

from chassis.testing.stored import unchanged
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.waiting_files import (
    Data,
    changed,
    counts,
    file,
    lines,
    modes,
    resume,
    standing,
    waiting,
)


async def accepted(bank: Bank, payer: Holder, payee: Holder, *, mode: str = "best_effort") -> Data:
    """Submit two lines of 60.00, which require no approval yet."""
    answer = await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "60.00"), (payee, "60.00"), mode=mode))
    data: Data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["approval_rules"]) == (202, "accepted", [])
    return data


async def require_held_back(bank: Bank, bulk_id: str, payer: Holder) -> None:
    """Run the file: it waits, and runs whole after its approval."""
    await bank.run_bulk(bulk_id)
    held = await standing(bank, bulk_id)
    assert (held["status"], held["approval_rules"], held["waiting"]) == ("pending_approval", ["large"], 2)
    assert await lines(bank, bulk_id) == [("waiting", None)] * 2
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    async with unchanged(bank.database):
        await bank.run_bulk(bulk_id)
        assert await resume(bank) == 0
    bank.wait(seconds=60)
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")).status_code == 200
    await bank.run_bulk(bulk_id)
    assert [status for status, _ in await lines(bank, bulk_id)] == ["settled", "settled"]
    assert await bank.wallet(payer) == ("880.00", "0.00", "880.00")


@modes
async def test_a_file_waits_when_its_payee_became_a_merchant_and_a_rule_matches_payments(
    bank: Bank, payer: Holder, payee: Holder, mode: str
) -> None:
    bank.prices.rules = approval_from("100", kinds=frozenset({"payment"}))
    bulk = await accepted(bank, payer, payee, mode=mode)
    await bank.sells(payee)
    await require_held_back(bank, bulk["id"], payer)


async def test_a_file_waits_when_a_rule_was_added_after_its_submission(bank: Bank, payer: Holder, payee: Holder) -> None:
    bulk = await accepted(bank, payer, payee)
    bank.prices.rules = approval_from("100")
    record = Record(bank.database, bank.clock)
    await record.skip()
    await bank.run_bulk(bulk["id"])
    messages, facts = await record.news()
    assert messages == [changed(bulk["id"], payer, "running"), changed(bulk["id"], payer, "pending_approval")]
    assert [fact.action for fact in facts] == ["payments.bulk.start", "payments.bulk.hold_back"]
    assert facts[-1] == Fact(
        action="payments.bulk.hold_back",
        resource=("bulk", bulk["id"]),
        by=("service", "payments"),
        before=counts("running"),
        after={"approval_rules": ["large"], **counts("pending_approval")},
        related=[str(payer.wallet_id), str(payer.user_id)],
    )
    assert (await standing(bank, bulk["id"]))["expires_at"].startswith("2026-03-24T08:00:00")
    await require_held_back(bank, bulk["id"], payer)


async def test_a_file_waits_when_its_payers_roles_changed_after_its_submission(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("100", lambda question: "trainee" in question.roles)
    bulk = await accepted(bank, payer, payee)
    bank.authority.roles[payer.user_id] = frozenset({"user", "trainee"})
    await require_held_back(bank, bulk["id"], payer)


async def test_a_file_that_is_checked_again_does_not_count_itself_as_sent_before(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    bank.prices.rules = approval_from("200", window=timedelta(hours=24))
    bulk = await accepted(bank, payer, payee)
    await bank.run_bulk(bulk["id"])
    assert (await standing(bank, bulk["id"]))["status"] == "completed"


async def test_money_sent_before_a_rule_was_added_counts_when_the_file_is_checked_again(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    await bank.made(payer, payee, "100.00")
    bulk = await accepted(bank, payer, payee)
    bank.prices.rules = approval_from("200", window=timedelta(hours=24))
    await bank.run_bulk(bulk["id"])
    assert (await standing(bank, bulk["id"]))["status"] == "pending_approval"


async def test_an_approved_file_runs_whatever_has_changed_since(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    bulk_id = await waiting(bank, payer, payee)
    await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    bank.prices.rules = approval_from("1")
    await bank.sells(payee)
    await bank.run_bulk(bulk_id)
    assert [status for status, _ in await lines(bank, bulk_id)] == ["settled", "settled"]


async def test_a_file_that_waits_returns_the_first_response_to_its_key(bank: Bank, payer: Holder, payee: Holder) -> None:
    body = file(payer, (payee, "120.00"))
    first = await bank.post("/transfers/bulk", payer.user_id, body, key="pay-day")
    bank.prices.rules = approval_from("100")
    bulk_id = first.json()["data"]["id"]
    await bank.run_bulk(bulk_id)
    again = await bank.post("/transfers/bulk", payer.user_id, body, key="pay-day")
    assert (again.headers["idempotency-replayed"], again.json()["data"]) == ("true", first.json()["data"])
    bank.wait(seconds=60)
    await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    await bank.run_bulk(bulk_id)
    again = await bank.post("/transfers/bulk", payer.user_id, body, key="pay-day")
    assert (again.headers["idempotency-replayed"], again.json()["data"]) == ("true", first.json()["data"])


@modes
async def test_a_closed_payee_stops_no_other_line_when_the_file_is_checked_again(
    bank: Bank, payer: Holder, payee: Holder, rules: None, mode: str
) -> None:
    closed = await bank.holder()
    made = await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "60.00"), (closed, "30.00"), mode=mode))
    bulk_id = made.json()["data"]["id"]
    assert (await bank.send("DELETE", f"/wallets/{closed.wallet_id}", closed.user_id)).status_code == 200
    await bank.run_bulk(bulk_id)
    statuses = [status for status, _ in await lines(bank, bulk_id)]
    assert statuses == (["settled", "refused"] if mode == "best_effort" else ["not_run", "refused"])


async def test_a_payee_who_becomes_a_merchant_during_a_run_has_the_remaining_lines_refused(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 1)
    bank.prices.rules = approval_from("100", kinds=frozenset({"payment"}))
    bulk = await accepted(bank, payer, payee)
    asked = iter([None, payee])

    class ThenSells:
        async def refresh(self) -> None:
            if holder := next(asked, None):
                await bank.sells(holder)

    await bank.bulk_runner(ThenSells())(bulk_id=UUID(bulk["id"]))
    items = (await bank.staff("GET", f"/transfers/bulk/{bulk['id']}/lines")).json()["data"]["items"]
    assert [(item["status"], item["code"]) for item in items] == [("settled", None), ("refused", "PAY_053")]
    assert await bank.wallet(payee) == ("60.00", "0.00", "60.00")
