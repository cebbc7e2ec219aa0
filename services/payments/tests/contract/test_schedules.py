"""Schedules over REST, on a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import folder_store
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.objects import NoScanner
from payments.application import Payments
from payments.application.schedules.run_schedules import RunSchedules
from payments.infrastructure.payment_permissions import BundledPermissions
from payments.interfaces.rest import ROUTERS
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers
from payments.wiring.use_cases import build
from services.payments.tests.contract.outbox import published
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.refusals import watch_refusals
from services.payments.tests.usual import CALENDAR, SETTINGS


@dataclass
class Planner:
    client: httpx.AsyncClient
    forge: TokenForge
    payments: Payments
    run: RunSchedules
    clock: ControlledClock
    database: Database
    policies: Policies
    payer: UUID = field(default_factory=new_id)
    source: UUID = field(default_factory=new_id)
    target: UUID = field(default_factory=new_id)

    async def open(self) -> "Planner":
        for wallet, owner in ((self.source, self.payer), (self.target, new_id())):
            await self.payments.wallets.open_issued_wallet(
                actor=Actor.service("test"), wallet_id=wallet, owner_id=owner, currency="NAD"
            )
        return self

    def body(self, **changes: Any) -> dict[str, Any]:
        return {
            "source_wallet_id": str(self.source),
            "target_wallet_id": str(self.target),
            "amount": "10.00",
            "currency": "NAD",
            "frequency": "monthly",
            "starts_at": (self.clock.now() + timedelta(hours=1)).isoformat(),
            **changes,
        }

    async def post(self, path: str = "", body: Any = None, *, key: str | None = None, by: UUID | None = None) -> httpx.Response:
        # A token is valid for a quarter of an hour, and these tests span days.
        headers = self.forge.headers(by or self.payer) | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(f"/api/v1/transfers/schedules{path}", json=body, headers=headers)

    async def get(self, path: str = "", *, by: UUID | None = None, roles: tuple[str, ...] = ("user",)) -> httpx.Response:
        headers = self.forge.headers(by or self.payer, roles=roles)
        return await self.client.get(f"/api/v1/transfers/schedules{path}", headers=headers)


@pytest.fixture
async def planner(database: Database, clock: ControlledClock) -> AsyncIterator[Planner]:
    forge, prices = TokenForge(clock), FakePrices()
    policies = permitting({"user": ["payment:create"], "reader": ["transfer:read_any"], "guest": []}, clock)
    dependencies = Dependencies(
        settings=SETTINGS,
        database=database,
        screening=FakeScreening(),
        signatures=FakeSignatures(),
        standings=FakeAuthority(),
        memberships=FakeAuthority(),
        prices=prices,
        limits=prices,
        approvals=prices,
        permissions=policies,
        payment_permissions=BundledPermissions(policies),
        audit_log=FakeAuditLog(),
        objects=folder_store(),
        scanner=NoScanner(),
        clock=clock,
    )
    payments = build(dependencies)
    run = RunSchedules(dependencies.uow, post_transfers(dependencies), NoRules(), FakeAuthority(), clock, CALENDAR)
    async with rest_client(
        payments, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        watch_refusals(client, database)
        yield await Planner(client, forge, payments, run, clock, database, policies).open()


async def test_a_schedule_is_created_and_run_and_reports_a_refusal_for_lack_of_money(planner: Planner) -> None:
    planned = await planner.post(body=planner.body(occurrences_max=1), key="rent")
    assert planned.status_code == 201, planned.text
    data = planned.json()["data"]
    assert (data["status"], data["amount"], data["frequency"]) == ("active", "10.00", "monthly")
    assert data["next_at"] == data["starts_at"]
    again = await planner.post(body=planner.body(occurrences_max=1), key="rent")
    assert (again.status_code, again.headers["idempotency-replayed"], again.json()["data"]["id"]) == (201, "true", data["id"])
    other = await planner.post(body=planner.body(occurrences_max=2), key="rent")
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")

    planner.clock.advance(seconds=3600)
    assert await planner.run() == 1
    ended = (await planner.get(f"/{data['id']}")).json()["data"]
    assert (ended["status"], ended["failed"], ended["last_code"], ended["next_at"]) == ("ended", 1, "PAY_001", None)
    [run] = (await planner.get(f"/{data['id']}/runs")).json()["data"]["items"]
    assert (run["number"], run["transfer_id"], run["code"]) == (0, None, "PAY_001")
    assert run["error"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_at"),
        ({"starts_at": "2026-03-21T08:00:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z", "ends_on": "9999-12-31"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-01:00"}, "starts_at"),
        ({"frequency": "yearly"}, "frequency"),
        ({"frequency": "once", "occurrences_max": 2}, "frequency"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"occurrences_max": 0}, "occurrences_max"),
        ({"ends_on": "1999-01-01"}, "ends_on"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_an_invalid_schedule_is_422_and_the_error_names_the_field(
    planner: Planner, changes: dict[str, Any], field: str
) -> None:
    answer = await planner.post(body=planner.body(**changes), key="k")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


@pytest.mark.clause("ASVS 8.4.1")
async def test_a_schedule_is_visible_to_its_payer_and_readers_and_absent_to_others(planner: Planner) -> None:
    schedule_id = (await planner.post(body=planner.body(), key="k")).json()["data"]["id"]
    stranger = new_id()
    for path in (f"/{schedule_id}", f"/{schedule_id}/runs"):
        assert (await planner.get(path, by=stranger)).status_code == 404
    for act, body in (("pause", None), ("resume", None), ("cancel", {"reason": "not mine"})):
        assert (await planner.post(f"/{schedule_id}/{act}", body, by=stranger)).status_code == 404
    assert (await planner.get(f"/{schedule_id}", by=stranger, roles=("reader",))).status_code == 200
    assert (await planner.get(by=stranger)).json()["data"]["items"] == []
    assert (await planner.post(body=planner.body(), key="theirs", by=stranger)).status_code == 403


async def test_the_number_of_open_schedules_of_a_payer_is_limited(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.application.schedules.plan_transfer.SCHEDULES_OPEN_MAX", 2)
    ids = [(await planner.post(body=planner.body(), key=key)).json()["data"]["id"] for key in "ab"]
    assert (await planner.post(f"/{ids[0]}/pause")).status_code == 200
    beyond = await planner.post(body=planner.body(), key="c")
    assert (beyond.status_code, beyond.json()["code"]) == (429, "PAY_043")
    assert (await planner.post(f"/{ids[0]}/cancel", {"reason": "moved out"})).status_code == 200
    assert (await planner.post(body=planner.body(), key="c")).status_code == 201


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        (["pause"], ["pause"]),
        ([], ["resume"]),
        (["pause", "resume"], ["resume"]),
        (["cancel"], ["pause", "resume", "cancel"]),
        (["pause", "cancel"], ["pause", "resume", "cancel"]),
        (["run"], ["pause", "resume", "cancel"]),
    ],
)
async def test_a_schedule_refuses_an_action_that_its_status_excludes(
    planner: Planner, before: list[str], refused: list[str]
) -> None:
    schedule_id = (await planner.post(body=planner.body(occurrences_max=1), key="k")).json()["data"]["id"]
    bodies = {"cancel": {"reason": "moved out"}}
    for act in before:
        if act == "run":
            planner.clock.advance(seconds=3600)
            planner.policies.confirm()
            assert await planner.run() == 1
            continue
        assert (await planner.post(f"/{schedule_id}/{act}", bodies.get(act))).status_code == 200
    for act in refused:
        answer = await planner.post(f"/{schedule_id}/{act}", bodies.get(act))
        assert (answer.status_code, answer.json()["code"]) == (409, "PAY_042"), act


async def test_schedules_are_paused_and_resumed_and_cancelled_and_listed_in_pages(planner: Planner) -> None:
    ids = [(await planner.post(body=planner.body(), key=f"{n}")).json()["data"]["id"] for n in range(3)]
    assert (await planner.post(f"/{ids[0]}/pause")).json()["data"]["status"] == "paused"
    twice = await planner.post(f"/{ids[0]}/pause")
    assert (twice.status_code, twice.json()["code"]) == (409, "PAY_042")
    assert (await planner.post(f"/{ids[0]}/resume")).json()["data"]["status"] == "active"
    cancelled = await planner.post(f"/{ids[0]}/cancel", {"reason": "moved out"})
    assert (cancelled.json()["data"]["status"], cancelled.json()["data"]["next_at"]) == ("cancelled", None)
    changes = [one for one in await published(planner.database, events_pb2.ScheduleChanged) if one.schedule_id == ids[0]]
    assert [one.status for one in changes] == ["active", "paused", "active", "cancelled"]
    assert [one.HasField("next_at") for one in changes] == [True, True, True, False]
    first = (await planner.get("?limit=2")).json()["data"]
    rest = (await planner.get(f"?limit=2&cursor={first['next_cursor']}")).json()["data"]
    assert [one["id"] for one in (*first["items"], *rest["items"])] == list(reversed(ids))
    assert (await planner.get("?cursor=x")).status_code == 422
