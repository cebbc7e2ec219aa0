"""Events and audit facts of schedules, compared whole."""

from dataclasses import replace
from datetime import datetime, timedelta

from elcorp.payments.v1 import events_pb2
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.recorded import (
    REASON,
    SERVICE,
    WHY,
    moment,
    settled,
    user,
)


async def test_a_schedule_from_its_creation_to_its_end(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    starts = bank.clock.now() + timedelta(hours=1)
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "600.00",
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": starts.isoformat(),
        "occurrences_max": 4,
        "ends_on": "2026-04-30",
    }
    plan = (await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"]["id"]
    path, initiator = f"/transfers/schedules/{plan}", str(payer.user_id)

    def changed(status: str, next_at: datetime | None) -> events_pb2.ScheduleChanged:
        due = moment(next_at) if next_at else None
        return events_pb2.ScheduleChanged(schedule_id=plan, initiator_id=initiator, status=status, next_at=due)

    def standing(status: str, succeeded: int, failed: int, number: int, **more: str) -> dict[str, object]:
        return {"status": status, "succeeded": succeeded, "failed": failed, "next_number": number, **more}

    fact = Fact(
        action="payments.schedule.plan",
        resource=("schedule", plan),
        by=user(payer),
        after={
            "amount": "600.00",
            "currency": "NAD",
            "frequency": "daily",
            "starts_at": starts.isoformat(),
            "ends_on": "2026-04-30",
            "occurrences_max": 4,
            **standing("active", 0, 0, 0),
        },
        related=[str(payer.wallet_id), str(payee.wallet_id), initiator],
    )
    assert await record.news() == ([changed("active", starts)], [fact])

    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    runs = (await bank.get(f"{path}/runs", payer.user_id)).json()["data"]["items"]
    events, [made, run] = await record.news()
    assert events == [settled({"id": runs[0]["transfer_id"]}, payer, payee, "600.00")]
    assert (made.action, made.resource[1], made.by) == ("payments.transfer.settle", runs[0]["transfer_id"], user(payer))
    ran = replace(
        fact,
        action="payments.schedule.run",
        by=SERVICE,
        before=standing("active", 0, 0, 0),
        after=standing("active", 1, 0, 1),
    )
    assert run == ran

    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    failed = events_pb2.OccurrenceFailed(
        schedule_id=plan, initiator_id=initiator, number=1, due_at=moment(starts + timedelta(days=1)), code="PAY_001"
    )
    after = standing("active", 1, 1, 2, last_code="PAY_001")
    assert await record.news() == ([failed], [replace(ran, before=standing("active", 1, 0, 1), after=after)])

    for act, body_of, status, reason in (
        ("pause", None, "paused", None),
        ("resume", None, "active", None),
        ("cancel", REASON, "cancelled", WHY),
    ):
        before, after = after, {**after, "status": status}
        await bank.post(f"{path}/{act}", payer.user_id, body_of)
        due = None if status == "cancelled" else starts + timedelta(days=2)
        changed_by = replace(fact, action=f"payments.schedule.{act}", before=before, after=after, reason=reason)
        assert await record.news() == ([changed(status, due)], [changed_by]), act


async def test_the_last_occurrence_ends_its_schedule(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    plan = (await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"]["id"]
    await record.skip()
    bank.wait(seconds=3600)
    await bank.run_schedules()
    (_, event), (_, fact) = await record.news()
    assert event == events_pb2.ScheduleChanged(schedule_id=plan, initiator_id=str(payer.user_id), status="ended")
    assert fact.after == {"status": "ended", "succeeded": 1, "failed": 0, "next_number": 1}
