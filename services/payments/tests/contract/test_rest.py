"""Payments as its REST clients meet it, on a real database, with compliance faked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor
from kernel.ids import new_id
from payments.application import Payments
from payments.interfaces.rest import ROUTERS
from payments.wiring import build
from payments.wiring.dependencies import Dependencies
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.refusals import watch_refusals
from services.payments.tests.usual import SETTINGS

GRANTS = {"admin": ["payment:create", "payment:reconcile", "treasury:issue"], "user": ["payment:create"], "guest": []}


@dataclass
class Holder:
    user_id: UUID = field(default_factory=new_id)
    wallet_id: UUID = field(default_factory=new_id)


@dataclass
class Api:
    client: httpx.AsyncClient
    forge: TokenForge
    payments: Payments
    screening: FakeScreening
    admin_id: UUID = field(default_factory=new_id)

    async def holder(self, funds: str = "0") -> Holder:
        holder = Holder()
        await self.payments.wallets.open_issued_wallet(
            actor=Actor.service("test"), wallet_id=holder.wallet_id, owner_id=holder.user_id, currency="NAD"
        )
        if funds != "0":
            issue = {"wallet_id": str(holder.wallet_id), "amount": funds, "currency": "NAD", "reason": "test funds"}
            response = await self.post("/issuances", self.admin_id, issue, roles=("admin",))
            assert response.status_code == 201, response.text
        return holder

    async def post(
        self, path: str, user_id: UUID, body: dict[str, Any], *, key: str | None = None, roles: tuple[str, ...] = ("user",)
    ) -> httpx.Response:
        headers = {**self.forge.headers(user_id, roles=roles), "Idempotency-Key": key or str(uuid4())}
        return await self.client.post(f"/api/v1{path}", json=body, headers=headers)

    async def get(self, path: str, user_id: UUID, *, roles: tuple[str, ...] = ("user",)) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers=self.forge.headers(user_id, roles=roles))

    async def pay(self, source: Holder, target: Holder, amount: str, *, key: str | None = None) -> httpx.Response:
        body = {
            "source_wallet_id": str(source.wallet_id),
            "target_wallet_id": str(target.wallet_id),
            "amount": amount,
            "currency": "NAD",
            "description": "rent",
        }
        return await self.post("/transfers", source.user_id, body, key=key)


@pytest.fixture
async def api(database: Database, clock: ControlledClock) -> AsyncIterator[Api]:
    forge, screening = TokenForge(clock), FakeScreening()
    prices = FakePrices()
    policies = permitting(GRANTS, clock)
    dependencies = Dependencies(
        settings=SETTINGS,
        database=database,
        screening=screening,
        signatures=FakeSignatures(),
        standings=FakeAuthority(),
        audit_log=FakeAuditLog(),
        prices=prices,
        limits=prices,
        approvals=prices,
        permissions=policies,
        clock=clock,
    )
    payments = build(dependencies)
    async with rest_client(
        payments, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        watch_refusals(client, database)
        yield Api(client, forge, payments, screening)


async def test_a_transfer_is_created_and_repeating_it_replays_the_answer(api: Api) -> None:
    payer, payee = await api.holder("1000.00"), await api.holder()
    first = await api.pay(payer, payee, "250.00", key="rent-march")
    again = await api.pay(payer, payee, "250.00", key="rent-march")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"] == again.json()["data"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    data = first.json()["data"]
    assert (data["amount"], data["currency"], data["kind"], data["status"]) == ("250.00", "NAD", "transfer", "completed")
    wallet = (await api.get(f"/wallets/{payer.wallet_id}", payer.user_id)).json()["data"]
    assert wallet["balance"] == "750.00"


async def test_the_same_key_for_something_else_is_refused(api: Api) -> None:
    payer, payee = await api.holder("10.00"), await api.holder()
    await api.pay(payer, payee, "1.00", key="k")
    other = await api.pay(payer, payee, "2.00", key="k")
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")


async def test_refusals_have_their_codes(api: Api) -> None:
    payer, payee = await api.holder("8765.43"), await api.holder()
    beyond = await api.pay(payer, payee, "8765.44")
    assert (beyond.status_code, beyond.json()["code"]) == (409, "PAY_001")
    assert beyond.json()["details"] == {"needed": "8765.44", "available": "8765.43", "currency": "NAD"}
    stranger = Holder(user_id=payee.user_id, wallet_id=payer.wallet_id)
    denied = await api.pay(stranger, payee, "1.00")
    assert (denied.status_code, denied.json()["code"]) == (403, "ACC_001")
    unknown = await api.pay(payer, Holder(), "1.00")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RES_001")
    api.screening.blocked.add(payer.user_id)
    blocked = await api.pay(payer, payee, "1.00")
    assert (blocked.status_code, blocked.json()["code"]) == (409, "PAY_007")
    assert "list" not in blocked.text
    api.screening.away = True
    away = await api.pay(payee, payer, "1.00")
    assert (away.status_code, away.json()["code"]) == (503, "SRV_002")
    assert int(away.headers["retry-after"]) > 0


async def test_only_the_treasury_issues_and_only_staff_see_the_books(api: Api) -> None:
    holder = await api.holder()
    issue = {"wallet_id": str(holder.wallet_id), "amount": "5.00", "currency": "NAD", "reason": "none of hers"}
    for path, response in (
        ("issue", await api.post("/issuances", holder.user_id, issue)),
        ("books", await api.get("/ledger/trial-balance", holder.user_id)),
        ("pay as guest", await api.post("/transfers", holder.user_id, {}, roles=("guest",))),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "ACC_001"), path


@pytest.mark.clause("ASVS 8.4.1")
async def test_a_strangers_wallet_and_transfer_are_absent(api: Api) -> None:
    payer, payee, stranger = await api.holder("10.00"), await api.holder(), await api.holder()
    transfer = (await api.pay(payer, payee, "1.00")).json()["data"]["id"]
    for path in (f"/wallets/{payer.wallet_id}", f"/wallets/{payer.wallet_id}/postings", f"/transfers/{transfer}"):
        assert (await api.get(path, stranger.user_id)).status_code == 404
    for party in (payer, payee):
        assert (await api.get(f"/transfers/{transfer}", party.user_id)).json()["data"]["id"] == transfer


async def test_history_pages_by_cursor_newest_first(api: Api) -> None:
    payer, payee = await api.holder("100.00"), await api.holder()
    made = [(await api.pay(payer, payee, f"{n}.00")).json()["data"]["id"] for n in range(1, 6)]
    seen: list[str] = []
    path = "/transfers?limit=2"
    while path:
        page = await api.get(path, payee.user_id)
        data = page.json()["data"]
        seen += [item["id"] for item in data["items"]]
        cursor = data["next_cursor"]
        assert (cursor is not None) == ("link" in page.headers)
        path = f"/transfers?limit=2&cursor={cursor}" if cursor else ""
    assert seen == made[::-1]
    postings = (await api.get(f"/wallets/{payee.wallet_id}/postings", payee.user_id)).json()["data"]["items"]
    assert [(p["amount"], p["balance_after"]) for p in postings[:2]] == [("5.00", "15.00"), ("4.00", "10.00")]
    for bad in ("x", "-1", "9" * 30):
        assert (await api.get(f"/transfers?cursor={bad}", payee.user_id)).status_code == 422


async def test_a_transfer_needs_a_key_and_a_token(api: Api) -> None:
    holder = await api.holder()
    keyless = await api.client.post("/api/v1/transfers", json={}, headers=api.forge.headers(holder.user_id))
    assert keyless.status_code == 422
    assert keyless.json()["errors"][0]["field"] == "Idempotency-Key"
    tokenless = await api.client.post("/api/v1/transfers", json={}, headers={"Idempotency-Key": "k"})
    assert (tokenless.status_code, tokenless.json()["code"]) == (401, "AUTH_004")
