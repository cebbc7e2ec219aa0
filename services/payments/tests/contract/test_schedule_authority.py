"""Scheduled transfers require that the payer may pay on the day, with the roles of that day. Checks rows and events."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from elcorp.payments.v1 import events_pb2
from kernel.errors import Unavailable
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.domain.approval import ApprovalQuestion
from payments.domain.errors import PayerSuspended
from payments.domain.price_book import PriceBook
from payments.domain.standing import Standing
from payments.wiring.posting import post_transfers
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record, published
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.unit.prices import fee_rule, tier
from services.payments.tests.usual import CALENDAR


class Killed(BaseException):
    """The process was killed."""


async def plan(bank: Bank, payer: Holder, payee: Holder, amount: str = "10.00", *, roles: Sequence[str] = ("user",)) -> str:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": amount,
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    planned = await bank.post("/transfers/schedules", payer.user_id, body, roles=tuple(roles))
    assert planned.status_code == 201, planned.text
    schedule_id: str = planned.json()["data"]["id"]
    return schedule_id


async def runs(bank: Bank, payer: Holder, schedule_id: str) -> list[tuple[int, str | None, bool]]:
    """Return the number and code of each occurrence, and whether it has a transfer."""
    items = (await bank.get(f"/transfers/schedules/{schedule_id}/runs", payer.user_id)).json()["data"]["items"]
    return [(one["number"], one["code"], one["transfer_id"] is not None) for one in reversed(items)]


async def test_a_fee_waived_for_a_role_is_charged_after_the_role_is_withdrawn(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.book = PriceBook([fee_rule(tier(flat="2"), waived_roles=frozenset({"admin"}))], [])
    await plan(bank, payer, payee, roles=("admin",))
    bank.authority.roles[payer.user_id] = frozenset({"admin"})
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    assert (await bank.wallet(payer))[0] == "990.00"

    bank.authority.roles[payer.user_id] = frozenset({"user"})
    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    assert (await bank.wallet(payer))[0] == "978.00"


async def test_an_approval_rule_for_a_current_role_of_the_payer_applies_to_earlier_schedules(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    def judge(question: ApprovalQuestion) -> bool:
        return "trainee" in question.roles

    bank.prices.rules = approval_from("5", judge)
    await plan(bank, payer, payee)
    bank.authority.roles[payer.user_id] = frozenset({"user", "trainee"})
    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    assert (await bank.wallet(payer), (await bank.wallet(payee))[0]) == (("1000.00", "10.00", "990.00"), "0.00")


REFUSALS = [
    ({"standing": Standing.SUSPENDED}, "PAY_050"),
    ({"standing": Standing.CLOSED}, "PAY_051"),
    ({"roles": frozenset({"guest"})}, "ACC_001"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSALS, ids=["suspended", "closed", "without the permission"])
async def test_a_payer_who_may_not_pay_has_the_refusal_recorded_and_announced_and_may_pay_again_later(
    bank: Bank, payer: Holder, payee: Holder, changes: dict[str, Any], code: str
) -> None:
    schedule_id = await plan(bank, payer, payee)
    for name, value in changes.items():
        getattr(bank.authority, name)[payer.user_id] = value
    bank.wait(seconds=3600)
    record = Record(bank.database, bank.clock)
    await record.skip()

    assert await bank.run_schedules() == 1

    assert await runs(bank, payer, schedule_id) == [(0, code, False)]
    assert (await bank.wallet(payer), (await bank.wallet(payee))[0]) == (("1000.00", "0.00", "1000.00"), "0.00")
    messages, facts = await record.news()
    [failed] = messages
    assert isinstance(failed, events_pb2.OccurrenceFailed)
    assert (failed.schedule_id, failed.initiator_id, failed.number, failed.code) == (schedule_id, str(payer.user_id), 0, code)
    [notice] = record.notices
    assert (notice.template, notice.person_id, notice.key) == (
        "payments.planned_transfer_refused",
        str(payer.user_id),
        f"schedule:{schedule_id}:0",
    )
    due_on, reason = bank.clock.now().date().isoformat(), notice.facts["reason"]
    assert dict(notice.facts) == {"amount": "10.00 NAD", "due_on": due_on, "reason": reason, "schedule_id": schedule_id}
    assert reason.endswith(".")
    [fact] = facts
    assert (fact.action, fact.resource) == ("payments.schedule.run", ("schedule", schedule_id))
    assert fact.after == {"status": "active", "succeeded": 0, "failed": 1, "next_number": 1, "last_code": code}

    bank.authority.standing.clear()
    bank.authority.roles.clear()
    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    assert await runs(bank, payer, schedule_id) == [(0, code, False), (1, None, True)]
    assert (await bank.wallet(payee))[0] == "10.00"


async def test_other_payers_are_paid_and_all_are_looked_up_in_one_request(bank: Bank, payer: Holder, payee: Holder) -> None:
    other = await bank.holder("50.00")
    refused = await plan(bank, payer, payee)
    paid = [await plan(bank, other, payee, "1.00"), await plan(bank, other, payee, "2.00")]
    bank.authority.standing[payer.user_id] = Standing.SUSPENDED
    bank.wait(seconds=3600)
    bank.authority.asked.clear()

    assert await bank.run_schedules() == 3

    assert bank.authority.asked == [{payer.user_id, other.user_id}]
    assert await runs(bank, payer, refused) == [(0, "PAY_050", False)]
    assert [await runs(bank, other, schedule_id) for schedule_id in paid] == [[(0, None, True)]] * 2
    assert (await bank.wallet(payee))[0] == "3.00"


async def test_while_identity_is_away_nothing_is_recorded_and_all_is_made_once_it_answers(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    schedule_id = await plan(bank, payer, payee)
    bank.wait(seconds=3600)
    bank.authority.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await bank.run_schedules()
    assert await runs(bank, payer, schedule_id) == []
    assert await published(bank.database, events_pb2.OccurrenceFailed) == []

    bank.authority.away = False
    assert await bank.run_schedules() == 1
    assert (await runs(bank, payer, schedule_id), (await bank.wallet(payee))[0]) == ([(0, None, True)], "10.00")


async def test_a_transfer_made_by_a_run_that_was_killed_before_the_suspension_is_recorded(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    schedule_id = await plan(bank, payer, payee)
    bank.wait(seconds=3600)
    post = post_transfers(bank.dependencies)

    async def dies(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        await post(waiting)
        raise Killed

    with pytest.raises(Killed):
        await RunSchedules(bank.dependencies.uow, dies, NoRules(), bank.authority, bank.clock, CALENDAR)()
    bank.authority.standing[payer.user_id] = Standing.SUSPENDED

    assert await bank.run_schedules() == 1

    assert (await runs(bank, payer, schedule_id), (await bank.wallet(payee))[0]) == ([(0, None, True)], "10.00")
    assert await published(bank.database, events_pb2.OccurrenceFailed) == []


async def test_no_role_is_stored_with_what_runs_later(bank: Bank, payer: Holder, payee: Holder) -> None:
    schedule_id = await plan(bank, payer, payee, roles=("admin", "user"))
    file = {
        "source_wallet_id": str(payer.wallet_id),
        "currency": "NAD",
        "mode": "best_effort",
        "lines": [{"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}],
    }
    accepted = await bank.post("/transfers/bulk", payer.user_id, file, roles=("admin", "user"))
    assert accepted.status_code == 202, accepted.text
    async with bank.database.read() as connection:
        stored = {
            table: (await connection.execute(text(f"SELECT id, actor FROM {table}"))).one() for table in ("schedules", "bulks")
        }
    assert {table: row.id for table, row in stored.items()} == {
        "schedules": UUID(schedule_id),
        "bulks": UUID(accepted.json()["data"]["id"]),
    }
    for row in stored.values():
        assert row.actor.keys() == {"subject_id", "roles", "ip", "user_agent", "request_id"}
        assert (row.actor["subject_id"], row.actor["roles"]) == (str(payer.user_id), [])


async def test_an_error_says_what_the_payer_can_do(bank: Bank, payer: Holder, payee: Holder) -> None:
    schedule_id = await plan(bank, payer, payee)
    bank.authority.standing[payer.user_id] = Standing.SUSPENDED
    bank.wait(seconds=3600)
    await bank.run_schedules()
    [run] = (await bank.get(f"/transfers/schedules/{schedule_id}/runs", payer.user_id)).json()["data"]["items"]
    assert (run["error"], run["code"]) == (PayerSuspended().message, "PAY_050")
