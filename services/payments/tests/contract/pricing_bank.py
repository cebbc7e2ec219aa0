"""A bank that charges by the prices in its database, for contract tests of fees, rates and limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import folder_store
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from kernel.money import Money
from kernel.objects import NoScanner
from payments.application import Payments
from payments.infrastructure.cached_prices import CachedPrices
from payments.infrastructure.payment_permissions import BundledPermissions
from payments.infrastructure.sql.prices import SqlPrices
from payments.interfaces.rest import ROUTERS
from payments.wiring.dependencies import Dependencies
from payments.wiring.use_cases import build
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.refusals import watch_refusals
from services.payments.tests.usual import SETTINGS

GRANTS = {"admin": ["policy:manage", "payment:reconcile"], "treasurer": ["payment:reconcile"], "user": ["payment:create"]}
FEE: dict[str, Any] = {
    "code": "transfer-service",
    "kind": "transfer",
    "currency": "NAD",
    "tiers": [{"from_amount": "0", "flat": "1.15"}, {"from_amount": "1000", "percent": "0.5"}],
    "waived_roles": ["staff"],
    "vat_percent": "15",
    "reason": "resolution 12",
}
LIMIT: dict[str, Any] = {"tier": "standard", "currency": "NAD", "day_max": "5000.00", "reason": "resolution 12"}


@dataclass
class PricingBank:
    client: httpx.AsyncClient
    forge: TokenForge
    clock: ControlledClock
    prices: CachedPrices
    policies: Policies
    payments: Payments
    user_id: UUID = field(default_factory=new_id)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "admin",
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        if method == "PUT" and headers is None:
            # A PUT replaces the current version.
            headers = {"If-Match": (await self.call("GET", path, role=role)).headers.get("etag", "*")}
        signed = {**self.forge.headers(self.user_id, roles=(role,)), **(headers or {})}
        return await self.client.request(method, f"/api/v1{path}", json=body, params=params, headers=signed)

    async def data(self, method: str, path: str, body: object = None, *, expect: int = 200, **options: Any) -> Any:
        response = await self.call(method, path, body, **options)
        assert response.status_code == expect, response.text
        return response.json()["data"]

    async def quote(self, *, role: str = "user", **body: str) -> Any:
        await self.prices.refresh()
        return await self.data("POST", "/fees/quote", {"amount": "100.00", "currency": "NAD", **body}, role=role)

    async def mine(self) -> Any:
        await self.prices.refresh()
        return await self.data("GET", "/limits/mine", role="user")

    async def wallet(self, currency: str = "NAD", funds: str = "10000.00") -> UUID:
        """Open and fund a wallet of the caller."""
        wallet_id = new_id()
        await self.payments.wallets.open_issued_wallet(
            actor=Actor.service("test"), wallet_id=wallet_id, owner_id=self.user_id, currency=currency
        )
        await self.payments.issuances.issue_money(
            actor=Actor(kind=ActorKind.USER, subject_id=str(new_id())),
            key=str(new_id()),
            wallet_id=wallet_id,
            amount=Money.of(funds, currency),
            reason="test funds",
        )
        return wallet_id

    async def pay(self, source: UUID, target: UUID, amount: str, currency: str = "NAD", **more: str) -> httpx.Response:
        wallets = {"source_wallet_id": str(source), "target_wallet_id": str(target)}
        body = {**wallets, "amount": amount, "currency": currency, **more}
        return await self.call("POST", "/transfers", body, role="user", headers={"Idempotency-Key": str(new_id())})

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.policies.confirm()

    def at(self, **delta: float) -> str:
        return (self.clock.now() + timedelta(**delta)).isoformat()

    def rate(self, **changes: str) -> dict[str, str]:
        rate = {"base": "NAD", "quote": "USD", "mid": "0.0549", "spread_percent": "1", "valid_until": self.at(hours=12)}
        return {**rate, "reason": "morning fixing", **changes}


@asynccontextmanager
async def open_pricing_bank(database: Database, clock: ControlledClock) -> AsyncIterator[PricingBank]:
    forge, fakes = TokenForge(clock), FakePrices()
    prices = CachedPrices(SqlPrices(database).reaching, clock)
    assert await prices.refresh()
    policies: Policies = permitting(GRANTS, clock)
    payments = build(
        Dependencies(
            settings=SETTINGS,
            database=database,
            screening=FakeScreening(),
            signatures=FakeSignatures(),
            standings=FakeAuthority(),
            memberships=FakeAuthority(),
            audit_log=FakeAuditLog(),
            prices=prices,
            limits=prices,
            approvals=fakes,
            permissions=policies,
            payment_permissions=BundledPermissions(policies),
            objects=folder_store(),
            scanner=NoScanner(),
            clock=clock,
        )
    )
    async with rest_client(
        payments, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        watch_refusals(client, database)
        yield PricingBank(client, forge, clock, prices, policies, payments)
