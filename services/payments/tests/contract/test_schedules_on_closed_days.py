"""Schedules over REST whose occurrences keep off closed days."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record

# A Saturday; the clock of these tests begins on Saturday 21 March, Independence Day.
SATURDAY = datetime(2026, 3, 28, 6, tzinfo=UTC)


def body(payer: Holder, payee: Holder, **changes: Any) -> dict[str, Any]:
    return {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "starts_at": SATURDAY.isoformat(),
        "frequency": "weekly",
        "occurrences_max": 3,
        **changes,
    }


async def plan(bank: Bank, payer: Holder, payee: Holder, **changes: Any) -> dict[str, Any]:
    answer = await bank.post("/transfers/schedules", payer.user_id, body(payer, payee, **changes))
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def read(bank: Bank, payer: Holder, path: str) -> Any:
    return (await bank.get(path, payer.user_id)).json()["data"]


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("as_planned", ["03-28", "04-04", "04-11"]),
        ("next_business_day", ["03-30", "04-07", "04-13"]),
        ("previous_business_day", ["03-27", "04-02", "04-10"]),
        ("modified_following", ["03-30", "04-07", "04-13"]),
    ],
)
async def test_coming_occurrences_show_when_they_are_planned_and_when_they_are_made(
    bank: Bank, payer: Holder, payee: Holder, rule: str, made: list[str]
) -> None:
    planned = await plan(bank, payer, payee, on_closed_day=rule)
    assert planned["on_closed_day"] == rule
    assert (planned["next_planned_at"], planned["next_at"]) == ("2026-03-28T06:00:00Z", f"2026-{made[0]}T06:00:00Z")
    coming = (await read(bank, payer, f"/transfers/schedules/{planned['id']}/upcoming"))["items"]
    assert [one["number"] for one in coming] == [0, 1, 2]
    assert [one["planned_at"][5:10] for one in coming] == ["03-28", "04-04", "04-11"]
    assert [one["due_at"][5:10] for one in coming] == made


async def test_the_default_is_as_planned_and_other_values_are_refused(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert (await plan(bank, payer, payee))["on_closed_day"] == "as_planned"
    refused = await bank.post("/transfers/schedules", payer.user_id, body(payer, payee, on_closed_day="never"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "on_closed_day")


async def test_a_key_names_the_rule_too(bank: Bank, payer: Holder, payee: Holder) -> None:
    given = body(payer, payee, on_closed_day="next_business_day")
    first = await bank.post("/transfers/schedules", payer.user_id, given, key="rent")
    again = await bank.post("/transfers/schedules", payer.user_id, given, key="rent")
    other = await bank.post("/transfers/schedules", payer.user_id, given | {"on_closed_day": "as_planned"}, key="rent")
    assert again.json()["data"] == first.json()["data"]
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")


async def test_coming_occurrences_are_listed_in_pages_from_the_next_one_and_not_while_paused(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    planned = await plan(bank, payer, payee, on_closed_day="next_business_day")
    path = f"/transfers/schedules/{planned['id']}/upcoming"
    first = await read(bank, payer, f"{path}?limit=2")
    rest = await read(bank, payer, f"{path}?limit=2&cursor={first['next_cursor']}")
    assert [one["number"] for one in (*first["items"], *rest["items"])] == [0, 1, 2]
    assert rest["next_cursor"] is None
    assert (await bank.get(f"{path}?cursor=x", payer.user_id)).status_code == 422
    bank.wait(days=10)
    assert await bank.run_schedules() == 1
    assert [one["number"] for one in (await read(bank, payer, path))["items"]] == [1, 2]
    await bank.post(f"/transfers/schedules/{planned['id']}/pause", payer.user_id)
    assert (await read(bank, payer, path))["items"] == []


async def test_a_moved_occurrence_is_recorded_with_both_times_and_the_audit_fact_shows_the_rule(
    bank: Bank, payer: Holder, payee: Holder, record: Record
) -> None:
    await record.skip()
    planned = await plan(bank, payer, payee, on_closed_day="next_business_day")
    (_, [fact]) = await record.news()
    shown = {"on_closed_day", "next_planned_at", "next_at"}
    assert fact.after
    assert {name: fact.after[name] for name in shown} == {
        "on_closed_day": "next_business_day",
        "next_planned_at": "2026-03-28T06:00:00+00:00",
        "next_at": "2026-03-30T06:00:00+00:00",
    }
    bank.wait(days=8)
    assert await bank.run_schedules() == 0
    bank.wait(days=2)
    assert await bank.run_schedules() == 1
    [run] = (await read(bank, payer, f"/transfers/schedules/{planned['id']}/runs"))["items"]
    assert (run["planned_at"], run["due_at"]) == ("2026-03-28T06:00:00Z", "2026-03-30T06:00:00Z")
    (_, [*_, ran]) = await record.news()
    assert ran.before
    assert ran.after
    assert [str(one["next_at"])[:10] for one in (ran.before, ran.after)] == ["2026-03-30", "2026-04-07"]
