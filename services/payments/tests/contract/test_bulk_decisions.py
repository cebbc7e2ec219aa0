"""Bulk transfers that wait for an approval: once approved the whole file runs, otherwise none of it."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing.policies import bundle_of
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.ids import new_id
from payments.application.payers.stop_payer import StopPayer
from payments.domain.standing import Standing
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import GRANTS, HOUR, Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.waiting_files import (
    REASON,
    changed,
    counts,
    expire,
    file,
    lines,
    modes,
    queued,
    resume,
    standing,
    waiting,
)


@modes
async def test_a_file_that_a_rule_matches_waits_and_holds_no_money(
    bank: Bank, payer: Holder, payee: Holder, rules: None, mode: str
) -> None:
    record = Record(bank.database, bank.clock)
    await record.skip()
    answer = await bank.post(
        "/transfers/bulk", payer.user_id, file(payer, (payee, "60.00"), (payee, "40.00"), mode=mode), key="pay-day"
    )
    data = answer.json()["data"]
    assert (data["status"], data["approval_rules"], data["waiting"]) == ("pending_approval", ["large"], 2)
    assert (data["decided_by"], data["decided_at"], data["ended_at"]) == (None, None, None)
    assert data["expires_at"].startswith("2026-03-24T08:00:00")
    messages, facts = await record.news()
    assert messages == [changed(data["id"], payer, "pending_approval")]
    [notice] = record.notices
    assert (notice.template, notice.permission, notice.key) == (
        "payments.file_approval_needed",
        "payment:approve",
        f"approval:{data['id']}",
    )
    told = {"amount": "100.00 NAD", "bulk_id": data["id"], "expires_at": "2026-03-24 10:00", "lines": "2"}
    assert dict(notice.facts) == told
    asked = {
        "mode": mode,
        "format": "application/json",
        "lines": 2,
        "amount_total": "100.00",
        "currency": "NAD",
        "approval_rules": ["large"],
    }
    assert facts == [
        Fact(
            action="payments.bulk.accept",
            resource=("bulk", data["id"]),
            by=("user", str(payer.user_id)),
            after={**asked, **counts("pending_approval"), "file_sha256": hashlib.sha256(answer.request.content).hexdigest()},
            related=[str(payer.wallet_id), str(payer.user_id)],
        )
    ]
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")
    assert await lines(bank, data["id"]) == [("waiting", None)] * 2
    assert await queued(bank) == []
    again = await bank.post(
        "/transfers/bulk", payer.user_id, file(payer, (payee, "60.00"), (payee, "40.00"), mode=mode), key="pay-day"
    )
    assert (again.headers["idempotency-replayed"], again.json()["data"]) == ("true", data)
    # A worker must not run it, even if one is started.
    async with unchanged(bank.database):
        await bank.run_bulk(data["id"])
        assert (await resume(bank), await expire(bank)) == (0, 0)


async def test_files_that_wait_are_listed_for_approvers(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    first, second = [await waiting(bank, payer, payee) for _ in range(2)]
    small = await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "1.00")))
    path = "/transfers/bulk/awaiting-approval"

    async def listed(query: str = "") -> list[str]:
        return [one["id"] for one in (await bank.staff("GET", f"{path}{query}")).json()["data"]["items"]]

    assert await listed() == [second, first]
    page = (await bank.staff("GET", f"{path}?limit=1")).json()["data"]
    assert ([one["id"] for one in page["items"]], await listed(f"?limit=1&cursor={page['next_cursor']}")) == ([second], [first])
    assert refusal(await bank.get(path, payer.user_id)) == (403, "ACC_001")
    await bank.staff("POST", f"/transfers/bulk/{first}/reject", REASON)
    await bank.staff("POST", f"/transfers/bulk/{second}/approve")
    assert await listed() == []
    assert small.json()["data"]["status"] == "accepted"


@modes
async def test_an_approved_file_runs_whole(bank: Bank, payer: Holder, payee: Holder, rules: None, mode: str) -> None:
    bulk_id = await waiting(bank, payer, payee, mode=mode)
    bank.wait(seconds=60)
    record = Record(bank.database, bank.clock)
    await record.skip()
    answer = await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["decided_by"]) == (200, "accepted", str(bank.staff_id))
    assert data["decided_at"].startswith("2026-03-21T08:01:00")
    messages, facts = await record.news()
    assert messages == [changed(bulk_id, payer, "accepted")]
    assert facts == [
        Fact(
            action="payments.bulk.approve",
            resource=("bulk", bulk_id),
            by=("user", str(bank.staff_id)),
            before=counts("pending_approval"),
            after=counts("accepted"),
            related=[str(payer.wallet_id), str(payer.user_id)],
        )
    ]
    assert await queued(bank) == [bulk_id]
    await bank.run_bulk(bulk_id)
    ended = await standing(bank, bulk_id)
    assert (ended["status"], ended["settled"], ended["awaiting_approval"]) == ("completed", 2, 0)
    assert [status for status, _ in await lines(bank, bulk_id)] == ["settled", "settled"]
    assert await bank.wallet(payer) == ("880.00", "0.00", "880.00")
    assert await bank.wallet(payee) == ("120.00", "0.00", "120.00")


async def test_a_line_that_is_refused_after_the_approval_fails_as_in_any_file(
    bank: Bank, payer: Holder, payee: Holder, rules: None
) -> None:
    each, whole = [await waiting(bank, payer, payee, mode=mode) for mode in ("best_effort", "all_or_nothing")]
    for bulk_id in (each, whole):
        await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    bank.prices.rules = approval_from("999999")
    await bank.made(payer, payee, "900.00")
    for bulk_id in (whole, each):
        await bank.run_bulk(bulk_id)
    assert [status for status, _ in await lines(bank, whole)] == ["not_run", "refused"]
    assert [status for status, _ in await lines(bank, each)] == ["settled", "refused"]


@modes
async def test_a_rejected_file_runs_no_line(bank: Bank, payer: Holder, payee: Holder, rules: None, mode: str) -> None:
    bulk_id = await waiting(bank, payer, payee, mode=mode)
    bank.wait(seconds=60)
    record = Record(bank.database, bank.clock)
    await record.skip()
    answer = await bank.staff("POST", f"/transfers/bulk/{bulk_id}/reject", REASON)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["reason"], data["not_run"]) == (200, "failed", "not agreed", 2)
    assert (data["decided_by"], data["ended_at"]) == (str(bank.staff_id), data["decided_at"])
    messages, facts = await record.news()
    assert messages == [
        events_pb2.BulkCompleted(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="failed", lines=2, not_run=2)
    ]
    assert facts == [
        Fact(
            action="payments.bulk.reject",
            resource=("bulk", bulk_id),
            by=("user", str(bank.staff_id)),
            before=counts("pending_approval"),
            after=counts("failed", not_run=2),
            reason="not agreed",
            related=[str(payer.wallet_id), str(payer.user_id)],
        )
    ]
    await require_nothing_ran(bank, bulk_id, payer)


async def require_nothing_ran(bank: Bank, bulk_id: str, payer: Holder) -> None:
    async with unchanged(bank.database):
        await bank.run_bulk(bulk_id)
    assert await lines(bank, bulk_id) == await lines(bank, bulk_id, "?status=not_run") == [("not_run", None)] * 2
    assert await lines(bank, bulk_id, "?status=waiting") == []
    assert await queued(bank) == []
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_a_payer_withdraws_a_file_that_waits(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    bulk_id = await waiting(bank, payer, payee)
    path = f"/transfers/bulk/{bulk_id}/cancel"
    assert refusal(await bank.post(path, payee.user_id, REASON)) == (404, "RES_001")
    data = (await bank.post(path, payer.user_id, REASON)).json()["data"]
    assert (data["status"], data["reason"], data["not_run"], data["decided_by"]) == ("cancelled", "not agreed", 2, None)
    await require_nothing_ran(bank, bulk_id, payer)


async def test_a_file_fails_when_nobody_decides_in_time(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    bulk_id = await waiting(bank, payer, payee)
    bank.wait(seconds=72 * HOUR - 1)
    assert await expire(bank) == 0
    later = await waiting(bank, payer, payee)
    bank.wait(seconds=1)
    record = Record(bank.database, bank.clock)
    await record.skip()
    assert await expire(bank) == 1
    messages, facts = await record.news()
    assert messages == [
        events_pb2.BulkCompleted(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="failed", lines=2, not_run=2)
    ]
    assert facts == [
        Fact(
            action="payments.bulk.expire",
            resource=("bulk", bulk_id),
            by=("service", "payments"),
            before=counts("pending_approval"),
            after=counts("failed", not_run=2),
            reason="expired",
            related=[str(payer.wallet_id), str(payer.user_id)],
        )
    ]
    async with unchanged(bank.database):
        assert await expire(bank) == 0
    await require_nothing_ran(bank, bulk_id, payer)
    assert (await standing(bank, later))["status"] == "pending_approval"


@pytest.mark.parametrize("verb", ["approve", "reject"])
class TestWhoDecides:
    """A refused decision changes no row: the bank's client compares all rows."""

    async def decided(self, bank: Bank, bulk_id: str, verb: str, by: UUID, **token: Any) -> tuple[int, str]:
        body = REASON if verb == "reject" else None
        return refusal(await bank.post(f"/transfers/bulk/{bulk_id}/{verb}", by, body, **token))

    async def test_nobody_decides_on_their_own_file(
        self, bank: Bank, payer: Holder, payee: Holder, rules: None, verb: str
    ) -> None:
        bulk_id = await waiting(bank, payer, payee)
        assert await self.decided(bank, bulk_id, verb, payer.user_id, roles=("user", "staff")) == (403, "ACC_001")

    async def test_nobody_decides_on_a_file_that_pays_them(
        self, bank: Bank, payer: Holder, payee: Holder, rules: None, verb: str
    ) -> None:
        other = await bank.holder()
        answer = await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "99.00"), (other, "1.00")))
        for paid in (payee, other):
            refused = await self.decided(bank, answer.json()["data"]["id"], verb, paid.user_id, roles=("user", "staff"))
            assert refused == (403, "ACC_001")

    async def test_a_decision_requires_the_permission_and_two_recent_factors(
        self, bank: Bank, payer: Holder, payee: Holder, rules: None, verb: str
    ) -> None:
        bulk_id = await waiting(bank, payer, payee)
        assert await self.decided(bank, bulk_id, verb, new_id()) == (403, "ACC_001")
        assert await self.decided(bank, bulk_id, verb, new_id(), roles=("staff",), methods=("pwd",)) == (401, "AUTH_005")
        path, body = f"/api/v1/transfers/bulk/{bulk_id}/{verb}", REASON if verb == "reject" else None
        token = bank.token(bank.staff_id, roles=("staff",))
        bank.wait(seconds=301)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        assert refusal(await bank.client.post(path, json=body, headers=headers)) == (401, "AUTH_005")

    async def test_only_a_waiting_file_can_be_decided_on(
        self, bank: Bank, payer: Holder, payee: Holder, rules: None, verb: str
    ) -> None:
        approved, rejected, cancelled, overdue = [await waiting(bank, payer, payee) for _ in range(4)]
        await bank.staff("POST", f"/transfers/bulk/{approved}/approve")
        await bank.staff("POST", f"/transfers/bulk/{rejected}/reject", REASON)
        await bank.post(f"/transfers/bulk/{cancelled}/cancel", payer.user_id, REASON)
        small = (await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "1.00")))).json()["data"]["id"]
        bank.wait(seconds=72 * HOUR)
        for bulk_id in (approved, rejected, cancelled, overdue, small):
            assert await self.decided(bank, bulk_id, verb, new_id(), roles=("staff",)) == (409, "PAY_012"), bulk_id
        await expire(bank)
        assert await self.decided(bank, overdue, verb, new_id(), roles=("staff",)) == (409, "PAY_012")
        assert await self.decided(bank, str(new_id()), verb, new_id(), roles=("staff",)) == (404, "RES_001")


async def test_approvers_read_a_file_while_it_waits_and_after_they_decided_on_it(
    bank: Bank, payer: Holder, payee: Holder, rules: None
) -> None:
    """An approver may be someone other than staff, who may read everything."""
    bank.policies.load(bundle_of({**GRANTS, "treasurer": ["payment:approve"]}))
    approver, colleague, stranger = new_id(), new_id(), new_id()
    bulk_id = await waiting(bank, payer, payee)
    accepted = (await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "1.00")))).json()["data"]["id"]

    async def reads(who: UUID, of: str, *, role: str = "treasurer") -> set[int]:
        paths = [f"/transfers/bulk/{of}", f"/transfers/bulk/{of}/lines"]
        return {(await bank.get(path, who, roles=(role,))).status_code for path in paths}

    assert await reads(approver, bulk_id) == await reads(colleague, bulk_id) == {200}
    assert await reads(approver, accepted) == {404}
    assert await reads(stranger, bulk_id, role="user") == await reads(payee.user_id, bulk_id, role="user") == {404}
    assert await reads(payer.user_id, bulk_id, role="user") == {200}
    decided = await bank.post(f"/transfers/bulk/{bulk_id}/approve", approver, roles=("treasurer",))
    assert decided.status_code == 200
    assert (await reads(approver, bulk_id), await reads(colleague, bulk_id)) == ({200}, {404})


async def test_a_file_approved_after_more_than_a_day_is_run(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    bulk_id = await waiting(bank, payer, payee)
    bank.wait(seconds=30 * HOUR)
    assert await resume(bank) == 0
    await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    bank.wait(seconds=121)
    # The worker looks dead.
    assert await resume(bank) == 1
    assert (await standing(bank, bulk_id))["status"] == "accepted"
    bank.wait(seconds=24 * HOUR)
    assert await resume(bank) == 0
    given_up = await standing(bank, bulk_id)
    assert (given_up["status"], given_up["reason"], given_up["not_run"]) == ("cancelled", "could not be run for a day", 2)


async def test_a_payer_suspended_before_the_decision_pays_nothing(bank: Bank, payer: Holder, payee: Holder, rules: None) -> None:
    bulk_id = await waiting(bank, payer, payee)
    bank.authority.standing[payer.user_id] = Standing.SUSPENDED
    await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")
    await bank.run_bulk(bulk_id)
    assert await lines(bank, bulk_id) == [("refused", None)] * 2
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


@pytest.mark.parametrize("standing_", [Standing.SUSPENDED, Standing.CLOSED])
async def test_a_suspension_of_its_payer_ends_a_file_that_waits(
    bank: Bank, payer: Holder, payee: Holder, rules: None, standing_: Standing
) -> None:
    bulk_id = await waiting(bank, payer, payee)
    bank.authority.standing[payer.user_id] = standing_
    await StopPayer(bank.dependencies.uow, bank.authority, bank.clock)(actor=Actor.service("payments"), user_id=payer.user_id)
    ended = await standing(bank, bulk_id)
    refused = standing_.refusal
    assert refused
    assert (ended["status"], ended["reason"], ended["decided_by"]) == ("cancelled", refused.message, None)
    assert refusal(await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve")) == (409, "PAY_012")
    await require_nothing_ran(bank, bulk_id, payer)
