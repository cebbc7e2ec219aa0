"""Verifications of the whole ledger over REST: one at a time, followed, cancelled, resumed, and each an audit fact."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.long_work import LongWorkRunner
from chassis.testing.long_work import JobRuns
from chassis.testing.running import eventually
from kernel.actor import Actor
from kernel.errors import AccessDenied
from kernel.ids import new_id
from kernel.long_work import Json, WorkRun
from payments.application.ledger_verifications import audit
from payments.application.ledger_verifications.check_whole_ledger import CheckWholeLedger
from payments.infrastructure.sql.ledger_verifications import SqlWholeLedger
from services.payments.tests.contract.bank import Bank, refusal

PATH = "/ledger/verifications"


def runner(bank: Bank, steps: Any = None) -> LongWorkRunner:
    return LongWorkRunner(
        kind=audit.KIND,
        service="payments",
        uow=bank.dependencies.uow,
        database=bank.database,
        audited=audit.VERIFICATION,
        steps=steps or CheckWholeLedger(ledger=SqlWholeLedger(bank.database), accounts_a_step=3),
        clock=bank.clock,
    )


async def started(bank: Bank) -> dict[str, Any]:
    answer = await bank.staff("POST", PATH)
    assert answer.status_code == 202, answer.text
    data: dict[str, Any] = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/ledger/verifications/{data['id']}"
    return data


async def get(bank: Bank, work_id: str) -> dict[str, Any]:
    data: dict[str, Any] = (await bank.staff("GET", f"/ledger/verifications/{work_id}")).json()["data"]
    return data


async def test_a_verification_is_queued_run_and_kept_with_its_result(bank: Bank) -> None:
    await bank.holder("12.00")
    asked = await started(bank)
    assert (asked["state"], asked["kind"], asked["requested_by"]) == ("queued", "ledger_verification", str(bank.staff_id))
    assert (asked["done"], asked["total"], asked["result"], asked["error"], asked["attempts"]) == (0, None, None, None, 0)
    again = await bank.staff("POST", PATH)
    assert (again.status_code, again.json()["data"]["id"]) == (200, asked["id"])
    async with JobRuns(bank.database) as jobs:
        assert await runner(bank)(UUID(asked["id"]), await jobs.fetch(), is_last=False) == "succeeded"
    done = await get(bank, asked["id"])
    accounts = done["total"]
    assert done["result"] == {"adds_up": True, "accounts_checked": accounts, "rules": 10, "findings": []}
    assert (done["state"], done["done"], done["can_resume"], done["remaining_seconds"]) == ("succeeded", accounts, False, None)
    assert accounts > 3
    [listed] = (await bank.staff("GET", PATH)).json()["data"]["items"]
    assert listed == done
    assert (await started(bank))["id"] != asked["id"]


async def test_many_requests_at_once_are_one_verification(bank: Bank) -> None:
    answers = await asyncio.gather(*(bank.staff("POST", PATH) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1


async def test_what_does_not_add_up_is_found_and_bounded(bank: Bank) -> None:
    holders = [await bank.holder("5.00") for _ in range(24)]
    async with bank.database.engine.begin() as connection:
        await connection.execute(text("UPDATE accounts SET held = held + 1 WHERE owner_id IS NOT NULL"))
    asked = await started(bank)
    async with JobRuns(bank.database) as jobs:
        await runner(bank)(UUID(asked["id"]), await jobs.fetch(), is_last=False)
    result = (await get(bank, asked["id"]))["result"]
    assert result["adds_up"] is False
    [finding] = result["findings"]
    assert finding["rule"] == "held amounts are the holds of open transfers"
    assert len(finding["broken"]) == 20
    assert {row.split()[0] for row in finding["broken"]} <= {str(holder.wallet_id) for holder in holders}


async def test_queued_work_is_cancelled_at_once_and_ended_work_not_at_all(bank: Bank) -> None:
    asked = await started(bank)
    path = f"/ledger/verifications/{asked['id']}/cancel"
    cancelled = await bank.staff("POST", path, {"reason": "wrong day"})
    assert (cancelled.status_code, cancelled.json()["data"]["state"]) == (200, "cancelled")
    assert refusal(await bank.staff("POST", path, {"reason": "wrong day"})) == (409, "RES_007")
    assert refusal(await bank.staff("POST", f"/ledger/verifications/{asked['id']}/resume")) == (409, "RES_008")
    async with JobRuns(bank.database) as jobs:
        assert await runner(bank)(UUID(asked["id"]), await jobs.fetch(), is_last=False) == "cancelled"
    assert (await get(bank, asked["id"]))["attempts"] == 0


async def test_running_work_is_cancelled_at_its_next_checkpoint(bank: Bank) -> None:
    await bank.holder("1.00")
    asked, steps = await started(bank), 0

    async def cancelled_between(run: WorkRun) -> Json:
        nonlocal steps
        for steps in range(1, 9):
            bank.clock.advance(seconds=1)
            await run.progress(steps, total=8)
            if steps == 3:
                for _ in range(2):
                    answer = await bank.staff("POST", f"/ledger/verifications/{asked['id']}/cancel", {"reason": "too slow"})
                    assert (answer.status_code, answer.json()["data"]["state"]) == (200, "cancelling")
        return {}

    async with JobRuns(bank.database) as jobs:
        assert await runner(bank, cancelled_between)(UUID(asked["id"]), await jobs.fetch(), is_last=False) == "cancelled"
    found = await get(bank, asked["id"])
    assert (steps, found["state"], found["done"], found["result"]) == (4, "cancelled", 4, None)


async def test_failed_work_says_why_and_is_resumed_from_its_checkpoint(bank: Bank) -> None:
    await bank.holder("1.00")
    asked = await started(bank)

    async def fails(run: WorkRun) -> Json:
        await run.progress(2, total=9, checkpoint={"after": str(UUID(int=0)), "accounts": 2, "findings": {}})
        raise RuntimeError("disk full at 10.0.0.7")

    async with JobRuns(bank.database) as jobs:
        job = await jobs.fetch()
        try:
            await runner(bank, fails)(UUID(asked["id"]), job, is_last=True)
        except RuntimeError:
            await jobs.finish(job, "failed")
        failed = await get(bank, asked["id"])
        assert (failed["state"], failed["can_resume"], failed["error"]["code"]) == ("failed", True, "SRV_001")
        assert "10.0.0.7" not in json.dumps(failed)
        answers = [await bank.staff("POST", f"/ledger/verifications/{asked['id']}/resume") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 409]
        assert await runner(bank)(UUID(asked["id"]), await jobs.fetch(), is_last=False) == "succeeded"
    done = await get(bank, asked["id"])
    assert (done["state"], done["error"], done["attempts"]) == ("succeeded", None, 2)
    # It counted on from the checkpoint, so it says two accounts more than there are.
    assert done["result"]["accounts_checked"] == done["done"]


async def test_another_verification_is_not_resumed_beside_an_open_one(bank: Bank) -> None:
    asked = await started(bank)

    async def fails(_run: WorkRun) -> Json:
        raise RuntimeError

    async with JobRuns(bank.database) as jobs:
        job = await jobs.fetch()
        try:
            await runner(bank, fails)(UUID(asked["id"]), job, is_last=True)
        except RuntimeError:
            await jobs.finish(job, "failed")
    await started(bank)
    assert refusal(await bank.staff("POST", f"/ledger/verifications/{asked['id']}/resume")) == (409, "RES_008")


async def test_a_verification_is_followed_to_its_result(bank: Bank) -> None:
    await bank.holder("1.00")
    bank.followers.look_every_seconds = 0.01
    asked = await started(bank)
    following = [asyncio.create_task(bank.staff("GET", f"/ledger/verifications/{asked['id']}/events")) for _ in range(3)]
    await eventually(lambda: bank.followers.count, 3)
    async with JobRuns(bank.database) as jobs:
        await runner(bank)(UUID(asked["id"]), await jobs.fetch(), is_last=False)
    for answer in await asyncio.wait_for(asyncio.gather(*following), 120):
        events = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
        data = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
        assert (events[0], events[-1]) == ("progress", "end")
        assert data[-1] == await get(bank, asked["id"])
        assert [each["done"] for each in data] == sorted(each["done"] for each in data)
    seen = {"Authorization": f"Bearer {bank.token(bank.staff_id, roles=('staff',))}", "Last-Event-ID": str(data[-1]["version"])}
    assert (await bank.client.get(f"/api/v1/ledger/verifications/{asked['id']}/events", headers=seen)).status_code == 204


async def test_only_staff_who_reconcile_verify_the_ledger(bank: Bank) -> None:
    asked, stranger = await started(bank), new_id()
    for method, path in (("POST", ""), ("GET", ""), ("GET", f"/{asked['id']}"), ("GET", f"/{asked['id']}/events")):
        assert refusal(await bank.send(method, f"{PATH}{path}", stranger)) == (403, "ACC_001")
    for act, body in (("cancel", {"reason": "not today"}), ("resume", None)):
        assert refusal(await bank.post(f"/ledger/verifications/{asked['id']}/{act}", stranger, body)) == (403, "ACC_001")
        assert refusal(await bank.staff("POST", f"/ledger/verifications/{uuid4()}/{act}", body)) == (404, "RES_001")
    for path in ("", "/events"):
        assert refusal(await bank.staff("GET", f"/ledger/verifications/{uuid4()}{path}")) == (404, "RES_001")


async def test_a_caller_who_loses_the_permission_may_not_follow_any_more(bank: Bank) -> None:
    work_id = UUID((await started(bank))["id"])
    followed = await bank.payments.ledger_verifications.follow_ledger_verification(verification_id=work_id)
    with pytest.raises(AccessDenied):
        followed.permit(Actor.anonymous(), followed.first)
