"""Bulk transfers over REST, on a real database, run by the real job."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.event import listen

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.rest.event_streams import SILENT_LOOKS_MAX
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import folder_store
from chassis.testing.policies import permitting
from chassis.testing.rest import followers_of, rest_client
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.objects import NoScanner
from payments.application import Payments
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.infrastructure.payment_permissions import BundledPermissions
from payments.interfaces.rest import ROUTERS
from payments.wiring.bulk_transfers import judge_bulk
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
from services.payments.tests.usual import SETTINGS

GRANTS = {"admin": ["treasury:issue"], "reader": ["transfer:read_any"], "user": ["payment:create"], "guest": []}


@dataclass
class BulkBank:
    client: httpx.AsyncClient
    forge: TokenForge
    payments: Payments
    run: RunBulk
    database: Database
    policies: Policies
    payer: UUID = field(default_factory=new_id)
    source: UUID = field(default_factory=new_id)
    payees: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(3)])

    async def open(self, funds: str) -> "BulkBank":
        for wallet, owner in ((self.source, self.payer), *((payee, new_id()) for payee in self.payees)):
            await self.payments.wallets.open_issued_wallet(
                actor=Actor.service("test"), wallet_id=wallet, owner_id=owner, currency="NAD"
            )
        issue = {"wallet_id": str(self.source), "amount": funds, "currency": "NAD", "reason": "test funds"}
        headers = {**self.forge.headers(new_id(), roles=("admin",)), "Idempotency-Key": str(uuid4())}
        assert (await self.client.post("/api/v1/issuances", json=issue, headers=headers)).status_code == 201
        return self

    def file(self, *amounts: str, **changes: Any) -> dict[str, Any]:
        lines = [{"target_wallet_id": str(self.payees[n % 3]), "amount": amount} for n, amount in enumerate(amounts)]
        return {"source_wallet_id": str(self.source), "currency": "NAD", "mode": "best_effort", "lines": lines, **changes}

    async def submit(
        self, content: Any, *, key: str = "k", query: str = "", media_type: str = "application/json"
    ) -> httpx.Response:
        body = json.dumps(content) if media_type == "application/json" else content
        headers = {**self.forge.headers(self.payer), "Idempotency-Key": key, "Content-Type": media_type}
        return await self.client.post(f"/api/v1/transfers/bulk{query}", content=body, headers=headers)

    async def get(self, path: str, user_id: UUID | None = None, *, roles: tuple[str, ...] = ("user",)) -> httpx.Response:
        return await self.client.get(
            f"/api/v1/transfers/bulk{path}", headers=self.forge.headers(user_id or self.payer, roles=roles)
        )

    async def cancel(self, bulk_id: str, *, by: UUID | None = None, roles: tuple[str, ...] = ("user",)) -> httpx.Response:
        headers = self.forge.headers(by or self.payer, roles=roles)
        return await self.client.post(f"/api/v1/transfers/bulk/{bulk_id}/cancel", json={"reason": "wrong month"}, headers=headers)


@pytest.fixture
async def bulk_bank(database: Database, clock: ControlledClock) -> AsyncIterator[BulkBank]:
    forge, prices = TokenForge(clock), FakePrices()
    policies = permitting(GRANTS, clock)
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
    run = RunBulk(dependencies.uow, post_transfers(dependencies), NoRules(), FakeAuthority(), judge_bulk(dependencies), clock)
    async with rest_client(
        payments, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        watch_refusals(client, database)
        yield await BulkBank(client, forge, payments, run, database, policies).open("1000.00")


async def test_a_file_is_accepted_and_run_and_reports_each_line(bulk_bank: BulkBank) -> None:
    accepted = await bulk_bank.submit(bulk_bank.file("100.00", "2000.00", "50.00", "1.00"))
    assert accepted.status_code == 202, accepted.text
    data = accepted.json()["data"]
    assert (data["status"], data["lines_total"], data["amount_total"], data["waiting"]) == ("accepted", 4, "2151.00", 4)
    assert accepted.headers["location"] == f"/api/v1/transfers/bulk/{data['id']}"
    async with bulk_bank.database.read() as connection:
        queued = await connection.execute(text("SELECT task_name, args, lock FROM procrastinate_jobs"))
        [job] = queued.all()
    assert (job.task_name, job.args, job.lock) == ("payments:run_bulk", {"bulk_id": data["id"]}, f"bulk:{data['id']}")

    await bulk_bank.run(bulk_id=UUID(data["id"]))
    changes = await published(bulk_bank.database, events_pb2.BulkChanged)
    assert [(one.bulk_id, one.status) for one in changes] == [(data["id"], "accepted"), (data["id"], "running")]
    ended = (await bulk_bank.get(f"/{data['id']}")).json()["data"]
    assert (ended["status"], ended["settled"], ended["refused"], ended["waiting"]) == ("partly_completed", 3, 1, 0)
    lines = (await bulk_bank.get(f"/{data['id']}/lines")).json()["data"]["items"]
    assert [(line["number"], line["status"], line["code"]) for line in lines] == [
        (1, "settled", None),
        (2, "refused", "PAY_001"),
        (3, "settled", None),
        (4, "settled", None),
    ]
    transfer = await bulk_bank.client.get(
        f"/api/v1/transfers/{lines[0]['transfer_id']}", headers=bulk_bank.forge.headers(bulk_bank.payer)
    )
    assert (transfer.json()["data"]["amount"], transfer.json()["data"]["link_id"]) == ("100.00", data["id"])


async def test_lines_are_paged_and_filtered(bulk_bank: BulkBank) -> None:
    bulk_id = (await bulk_bank.submit(bulk_bank.file(*["1.00"] * 6, "9999.00"))).json()["data"]["id"]
    waiting = (await bulk_bank.get(f"/{bulk_id}/lines?limit=5")).json()["data"]
    assert [line["status"] for line in waiting["items"]] == ["waiting"] * 5
    for query, numbers in (("status=waiting", [1, 2, 3, 4, 5, 6, 7]), ("status=settled", []), ("status=refused", [])):
        found = (await bulk_bank.get(f"/{bulk_id}/lines?{query}")).json()["data"]["items"]
        assert [line["number"] for line in found] == numbers, query
    await bulk_bank.run(bulk_id=UUID(bulk_id))
    rest = (await bulk_bank.get(f"/{bulk_id}/lines?limit=5&cursor={waiting['next_cursor']}")).json()["data"]
    assert ([line["number"] for line in rest["items"]], rest["next_cursor"]) == ([6, 7], None)
    refused = (await bulk_bank.get(f"/{bulk_id}/lines?status=refused&status=not_run")).json()["data"]["items"]
    assert [line["number"] for line in refused] == [7]
    assert (await bulk_bank.get(f"/{bulk_id}/lines?status=waiting")).json()["data"]["items"] == []
    first = (await bulk_bank.get(f"/{bulk_id}/lines?status=settled&limit=3")).json()["data"]
    some = (await bulk_bank.get(f"/{bulk_id}/lines?status=settled&limit=2&cursor={first['next_cursor']}")).json()["data"]
    assert ([line["number"] for line in some["items"]], some["next_cursor"] is None) == ([4, 5], False)
    # A file with other statuses is another list.
    assert (await bulk_bank.get(f"/{bulk_id}/lines?cursor={first['next_cursor']}")).status_code == 422
    for wrong in ("status=lost", "cursor=x", "cursor=9999999", "other=1"):
        assert (await bulk_bank.get(f"/{bulk_id}/lines?{wrong}")).status_code == 422


async def test_csv_and_pain_001_take_the_other_fields_from_the_query(bulk_bank: BulkBank) -> None:
    csv = f"target_wallet_id,amount,reference\n{bulk_bank.payees[0]},12.00,INV-1\n"
    query = f"?source_wallet_id={bulk_bank.source}&currency=NAD&mode=all_or_nothing"
    accepted = await bulk_bank.submit(csv, query=query, media_type="text/csv; charset=utf-8")
    assert (accepted.status_code, accepted.json()["data"]["format"]) == (202, "text/csv")
    await bulk_bank.run(bulk_id=UUID(accepted.json()["data"]["id"]))
    [line] = (await bulk_bank.get(f"/{accepted.json()['data']['id']}/lines")).json()["data"]["items"]
    assert (line["status"], line["reference"]) == ("settled", "INV-1")
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaa">]><d>&a;</d>'
    refused = await bulk_bank.submit(bomb, key="x", query="?mode=best_effort", media_type="application/xml")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body")


async def test_today_is_the_date_in_namibia(bulk_bank: BulkBank, clock: ControlledClock) -> None:
    """From 22:00 UTC, a message dated tomorrow in UTC is dated today in Namibia."""
    message = f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>M</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr>
        <PmtInf><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-03-22</Dt></ReqdExctnDt>
        <DbtrAcct><Id><Othr><Id>{bulk_bank.source}</Id></Othr></Id></DbtrAcct>
        <CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId><Amt><InstdAmt Ccy="NAD">1.00</InstdAmt></Amt>
        <CdtrAcct><Id><Othr><Id>{bulk_bank.payees[0]}</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></PmtInf>
        </CstmrCdtTrfInitn></Document>"""

    async def submitted() -> int:
        answer = await bulk_bank.submit(message, query="?mode=best_effort", media_type="application/xml")
        return answer.status_code

    clock.advance(seconds=(datetime(2026, 3, 21, 21, 59, 59, tzinfo=UTC) - clock.now()).total_seconds())
    bulk_bank.policies.confirm()
    assert await submitted() == 422
    clock.advance(seconds=1)
    assert await submitted() == 202


async def test_all_faults_of_a_file_are_reported_and_its_key_can_be_used_again(bulk_bank: BulkBank) -> None:
    file = bulk_bank.file("1.00", "1.001", "0")
    file["lines"][0]["target_wallet_id"] = "nobody"
    wrong = await bulk_bank.submit(file)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "VAL_001")
    assert [error["field"] for error in wrong.json()["errors"]] == [
        "lines.0.target_wallet_id",
        "lines.1.amount",
        "lines.2.amount",
    ]
    unknown = bulk_bank.file("1.00")
    unknown["lines"][0]["target_wallet_id"] = str(new_id())
    assert (await bulk_bank.submit(unknown)).json()["errors"][0]["field"] == "lines.0.target_wallet_id"
    assert (await bulk_bank.submit(bulk_bank.file("1.00"))).status_code == 202


async def test_a_key_names_one_file_in_any_format(bulk_bank: BulkBank) -> None:
    first = await bulk_bank.submit(bulk_bank.file("1.00"))
    again = await bulk_bank.submit(dict(reversed(bulk_bank.file("1.00").items())))
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    other = await bulk_bank.submit(bulk_bank.file("2.00"))
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")


@pytest.mark.parametrize(
    ("of_file", "of_line"),
    [
        ({"mode": "all_or_nothing"}, {}),
        ({"label": "April"}, {}),
        ({}, {"amount": "2.00"}),
        ({}, {"description": "rent of April"}),
        ({}, {"reference": "INV-2"}),
    ],
)
async def test_a_key_names_one_file_even_if_other_fields_differ(
    bulk_bank: BulkBank, of_file: dict[str, str], of_line: dict[str, str]
) -> None:
    file = bulk_bank.file("1.00", "1.00", label="March")
    file["lines"][1] |= {"description": "rent of March", "reference": "INV-1"}
    first = (await bulk_bank.submit(file)).json()["data"]
    other = await bulk_bank.submit({**file, **of_file, "lines": [file["lines"][0], {**file["lines"][1], **of_line}]})
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")
    again = await bulk_bank.submit(file)
    assert (again.status_code, again.json()["data"]["id"]) == (202, first["id"])
    assert [one["id"] for one in (await bulk_bank.get("")).json()["data"]["items"]] == [first["id"]]


async def test_a_key_names_one_file_even_with_other_wallets(bulk_bank: BulkBank) -> None:
    first = (await bulk_bank.submit(bulk_bank.file("1.00"))).json()["data"]
    second = new_id()
    open_wallet = bulk_bank.payments.wallets.open_issued_wallet
    await open_wallet(actor=Actor.service("test"), wallet_id=second, owner_id=bulk_bank.payer, currency="NAD")
    elsewhere = [{"target_wallet_id": str(bulk_bank.payees[1]), "amount": "1.00"}]
    for other in (bulk_bank.file("1.00", source_wallet_id=str(second)), bulk_bank.file("1.00", lines=elsewhere)):
        answer = await bulk_bank.submit(other)
        assert (answer.status_code, answer.json()["code"]) == (422, "VAL_002")
    assert [one["id"] for one in (await bulk_bank.get("")).json()["data"]["items"]] == [first["id"]]


async def test_the_same_file_submitted_many_times_at_once_is_one_bulk_transfer(bulk_bank: BulkBank) -> None:
    answers = await asyncio.gather(*(bulk_bank.submit(bulk_bank.file("1.00")) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1


@pytest.mark.clause("ASVS 8.4.1")
async def test_a_bulk_transfer_is_visible_to_its_payer_and_staff_and_absent_to_others(bulk_bank: BulkBank) -> None:
    bulk_id = (await bulk_bank.submit(bulk_bank.file("1.00"))).json()["data"]["id"]
    stranger = new_id()
    for path in (f"/{bulk_id}", f"/{bulk_id}/lines", f"/{bulk_id}/events"):
        assert (await bulk_bank.get(path, stranger)).status_code == 404
    assert (await bulk_bank.get(f"/{bulk_id}", stranger, roles=("reader",))).status_code == 200
    assert [one["id"] for one in (await bulk_bank.get("")).json()["data"]["items"]] == [bulk_id]
    assert (await bulk_bank.get("", stranger)).json()["data"]["items"] == []
    theirs = bulk_bank.file("1.00", source_wallet_id=str(bulk_bank.payees[2]))
    assert (await bulk_bank.submit(theirs, key="theirs")).status_code == 403


async def test_the_number_of_open_bulk_transfers_of_a_payer_is_limited(
    bulk_bank: BulkBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.acceptance.BULKS_OPEN_MAX", 2)
    ids = [(await bulk_bank.submit(bulk_bank.file("1.00"), key=key)).json()["data"]["id"] for key in "ab"]
    beyond = await bulk_bank.submit(bulk_bank.file("1.00"), key="c")
    assert (beyond.status_code, beyond.json()["code"]) == (429, "PAY_044")
    await bulk_bank.run(bulk_id=UUID(ids[0]))
    assert (await bulk_bank.submit(bulk_bank.file("1.00"), key="c")).status_code == 202


async def test_only_its_submitter_cancels_a_bulk_transfer(bulk_bank: BulkBank) -> None:
    bulk_id = (await bulk_bank.submit(bulk_bank.file("1.00"))).json()["data"]["id"]
    for who, roles in ((new_id(), ("user",)), (new_id(), ("user", "admin"))):
        answer = await bulk_bank.cancel(bulk_id, by=who, roles=roles)
        assert (answer.status_code, answer.json()["code"]) == (404, "RES_001")
    assert (await bulk_bank.cancel(str(new_id()))).status_code == 404


async def test_a_bulk_transfer_is_cancelled_once_before_it_has_run(bulk_bank: BulkBank) -> None:
    bulk_id = (await bulk_bank.submit(bulk_bank.file("1.00", "2.00"))).json()["data"]["id"]
    cancelled = await bulk_bank.cancel(bulk_id)
    assert (cancelled.status_code, cancelled.json()["data"]["status"], cancelled.json()["data"]["not_run"]) == (
        200,
        "cancelled",
        2,
    )
    again = await bulk_bank.cancel(bulk_id)
    assert (again.status_code, again.json()["code"]) == (409, "PAY_040")
    assert await bulk_bank.run(bulk_id=UUID(bulk_id)) is None


async def test_progress_is_followed_to_its_end(bulk_bank: BulkBank) -> None:
    followers_of(bulk_bank.client).look_every_seconds = 0.01
    bulk_id = (await bulk_bank.submit(bulk_bank.file("1.00", "2.00"))).json()["data"]["id"]
    looks: list[str] = []
    listen(bulk_bank.database.engine.sync_engine, "before_cursor_execute", lambda *given: looks.append(given[2]))
    following = asyncio.create_task(bulk_bank.get(f"/{bulk_id}/events"))
    await eventually(lambda: len(looks) > 2 * SILENT_LOOKS_MAX)
    await bulk_bank.run(bulk_id=UUID(bulk_id))
    answer = await asyncio.wait_for(following, 120)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("progress", "end")
    assert ": still here" in answer.text
    last = json.loads([line for line in answer.text.splitlines() if line.startswith("data: ")][-1].removeprefix("data: "))
    assert (last["status"], last["settled"]) == ("completed", 2)
    assert (last["state"], last["done"], last["total"], last["remaining_seconds"]) == ("succeeded", 2, 2, None)


async def test_more_lines_or_bytes_than_the_limit_are_refused(bulk_bank: BulkBank) -> None:
    many = await bulk_bank.submit(bulk_bank.file(*["0.01"] * 10_001))
    assert (many.status_code, many.json()["errors"][0]["field"]) == (422, "lines")
    large = await bulk_bank.submit("x" * (8 * 1_048_576 + 1), media_type="text/csv")
    assert (large.status_code, large.json()["code"]) == (413, "VAL_003")
    elsewhere = {**bulk_bank.forge.headers(bulk_bank.payer), "Idempotency-Key": "k", "Content-Type": "application/json"}
    plain = await bulk_bank.client.post("/api/v1/transfers", content="x" * 1_048_577, headers=elsewhere)
    assert plain.status_code == 413


async def test_a_whole_file_of_ten_thousand_lines_runs(bulk_bank: BulkBank) -> None:
    accepted = await bulk_bank.submit(bulk_bank.file(*["0.01"] * 10_000, mode="all_or_nothing"))
    assert accepted.status_code == 202, accepted.text[:500]
    await bulk_bank.run(bulk_id=UUID(accepted.json()["data"]["id"]))
    ended = (await bulk_bank.get(f"/{accepted.json()['data']['id']}")).json()["data"]
    assert (ended["status"], ended["settled"]) == ("completed", 10_000)
