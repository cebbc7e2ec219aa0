"""A bank for contract tests: payments' REST API with fake peers, and people who hold wallets."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from chassis.auth import AccessControl, EndedMemberships, SubjectRoles
from chassis.auth.revocations import Revocations
from chassis.persistence.database import Database
from chassis.policies import Decision, Policies
from chassis.rest.followers import Followers
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import folder_store
from chassis.testing.policies import bundle_of
from chassis.testing.rest import followers_of, rest_client
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.objects import NoScanner
from payments.application import Payments
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.application.ports.bulk_transfers import RuleRefresher
from payments.application.ports.signatures import Signatures
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.expire_transfers import ExpireTransfers
from payments.domain.fx_rate import FxRate
from payments.domain.price_book import PriceBook
from payments.infrastructure.payment_permissions import BundledPermissions
from payments.infrastructure.sql.idempotency_keys import OWN_KEYS
from payments.interfaces.rest import ROUTERS
from payments.wiring.bulk_transfers import judge_bulk
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers
from payments.wiring.use_cases import build
from services.payments.tests.approvals import approval_from
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.refusals import watch_refusals
from services.payments.tests.unit.prices import fee_rule, fx_rate, tier
from services.payments.tests.usual import CALENDAR, STRICT_SETTINGS

OF_OTHERS: Final = ("wallet:read_any", "transfer:read_any")
GRANTS: Final[Mapping[str, list[str]]] = {
    "admin": ["payment:create", "payment:approve", "payment:reconcile", "treasury:issue", "policy:manage", *OF_OTHERS],
    "staff": ["payment:approve", "payment:reconcile", *OF_OTHERS],
    "user": ["payment:create"],
}
_VERSION: Final = text(
    """
    SELECT coalesce(
        (SELECT version FROM accounts WHERE id = cast(:id AS uuid)),
        (SELECT version FROM customer_tiers WHERE owner_id = cast(:id AS uuid)),
        0
    )
    """
)
GOOD_SIGNATURE: Final = "g" * 86
STRONG: Final = ("pwd", "otp", "mfa")


@dataclass
class Holder:
    user_id: UUID = field(default_factory=new_id)
    wallet_id: UUID = field(default_factory=new_id)


class Decisions(list[Decision]):
    """What the policies denied, or would deny if they were enforced."""

    def record(self, decision: Decision) -> None:
        self.append(decision)


@dataclass
class Bank:
    client: httpx.AsyncClient
    forge: TokenForge
    payments: Payments
    database: Database
    clock: ControlledClock
    screening: FakeScreening
    prices: FakePrices
    policies: Policies
    decisions: Decisions
    dependencies: Dependencies
    access_control: AccessControl
    revocations: Revocations
    authority: FakeAuthority
    staff_id: UUID = field(default_factory=new_id)

    @property
    def followers(self) -> Followers:
        return followers_of(self.client)

    async def holder(self, funds: str = "0", currency: str = "NAD") -> Holder:
        holder = Holder()
        await self.payments.wallets.open_issued_wallet(
            actor=Actor.service("test"), wallet_id=holder.wallet_id, owner_id=holder.user_id, currency=currency
        )
        if Decimal(funds):
            issue = {"wallet_id": str(holder.wallet_id), "amount": funds, "currency": currency, "reason": "test funds"}
            response = await self.post("/issuances", self.staff_id, issue, roles=("admin",))
            assert response.status_code == 201, response.text
        return holder

    async def merchant(self, funds: str = "0", currency: str = "NAD") -> Holder:
        """Return a holder whose wallet is a merchant's, so that transfers to it are payments."""
        holder = await self.holder(funds, currency)
        await self.sells(holder)
        return holder

    async def sells(self, holder: Holder, usage: str = "merchant") -> None:
        """Turn a holder's wallet into a merchant's."""
        body = {"usage": usage, "reason": "trading licence checked"}
        response = await self.staff("PUT", f"/wallets/{holder.wallet_id}/usage", body)
        assert response.status_code == 200, response.text

    async def send(
        self,
        method: str,
        path: str,
        user_id: UUID,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        roles: tuple[str, ...] = ("user",),
        methods: tuple[str, ...] = STRONG,
        organization_id: UUID | None = None,
        if_match: str | None = None,
    ) -> httpx.Response:
        """Send a request, for an organization if it is given.

        A PUT sends the current version in If-Match unless `if_match` is given; "" sends no header.
        """
        claims = {"org": str(organization_id)} if organization_id else {}
        headers = {"Authorization": f"Bearer {self.token(user_id, roles=roles, methods=methods, claims=claims)}"}
        if method == "PUT" and if_match != "":
            headers["If-Match"] = if_match or await self._version(path)
        if method != "GET":
            headers["Idempotency-Key"] = key or str(uuid4())
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def _version(self, path: str) -> str:
        """Return the ETag of a wallet or tier from the database: a read through the API would write an audit fact."""
        [found] = re.findall(r"[0-9a-f-]{36}", path)
        async with self.database.read() as connection:
            return f'"{await connection.scalar(_VERSION, {"id": found})}"'

    def token(self, user_id: UUID, *, roles: tuple[str, ...] = ("user",), methods: tuple[str, ...] = STRONG, **rest: Any) -> str:
        """Return an access token that is valid for a quarter of an hour."""
        return self.forge.token(user_id, roles=roles, methods=methods, **rest)

    async def post(self, path: str, user_id: UUID, body: Mapping[str, Any] | None = None, **rest: Any) -> httpx.Response:
        return await self.send("POST", path, user_id, body, **rest)

    async def get(self, path: str, user_id: UUID, **rest: Any) -> httpx.Response:
        return await self.send("GET", path, user_id, **rest)

    async def staff(self, method: str, path: str, body: Mapping[str, Any] | None = None, **rest: Any) -> httpx.Response:
        return await self.send(method, path, self.staff_id, body, roles=("staff",), **rest)

    async def pay(
        self, source: Holder, target: Holder, amount: str, *, key: str | None = None, path: str = "/transfers", **more: Any
    ) -> httpx.Response:
        body = {
            "source_wallet_id": str(source.wallet_id),
            "target_wallet_id": str(target.wallet_id),
            "amount": amount,
            "currency": "NAD",
            **more,
        }
        return await self.post(path, source.user_id, body, key=key)

    async def made(self, source: Holder, target: Holder, amount: str, **more: Any) -> dict[str, Any]:
        response = await self.pay(source, target, amount, **more)
        assert response.status_code == 201, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    async def wallet(self, holder: Holder) -> tuple[str, str, str]:
        """Return balance, held and available."""
        data = (await self.get(f"/wallets/{holder.wallet_id}", holder.user_id)).json()["data"]
        return data["balance"], data["held"], data["available"]

    def wait(self, *, days: float = 0, seconds: float = 0) -> None:
        """Advance the clock and confirm the policies, so that they stay fresh."""
        self.clock.advance(days=days, seconds=seconds)
        self.policies.confirm()

    async def expire(self) -> int:
        """Run the job that expires holds."""
        capture = self.payments.transfers.capture_transfer
        return await ExpireTransfers(capture.uow, self.clock)()

    async def run_bulk(self, bulk_id: str) -> None:
        """Run the job that runs bulk transfers."""
        await self.bulk_runner()(bulk_id=UUID(bulk_id))

    def bulk_runner(self, rules: RuleRefresher | None = None) -> RunBulk:
        given = self.dependencies
        return RunBulk(
            uow=given.uow,
            post=post_transfers(given),
            rules=rules or NoRules(),
            authority=self.authority,
            judge_bulk=judge_bulk(given),
            clock=self.clock,
        )

    async def run_schedules(self) -> int:
        """Run the job that runs schedules."""
        given = self.dependencies
        run = RunSchedules(
            uow=given.uow,
            post=post_transfers(given),
            rules=NoRules(),
            authority=self.authority,
            clock=self.clock,
            calendar=CALENDAR,
        )
        return await run()

    def price(self, *, fee: str = "0", rate: FxRate | None = None) -> None:
        """Set a flat fee, half of it refundable if the rule says so, and an exchange rate."""
        rules = [fee_rule(tier(flat=fee))] if Decimal(fee) else []
        self.prices.book = PriceBook(rules, [rate] if rate else [])

    def approve_above(self, amount: str) -> None:
        """Require another person's approval for transfers of this amount or more."""
        self.prices.rules = approval_from(amount)

    def exchange(self, middle: str, spread: str = "1") -> None:
        self.price(rate=fx_rate(middle, spread))


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@asynccontextmanager
async def open_bank(database: Database, clock: ControlledClock, *, signatures: Signatures | None = None) -> AsyncIterator[Bank]:
    forge, screening, prices, authority = TokenForge(clock), FakeScreening(), FakePrices(), FakeAuthority()
    decisions = Decisions()
    policies = Policies(clock, decisions=decisions, allows_logged_ratio=0)
    policies.load(bundle_of(GRANTS))
    dependencies = Dependencies(
        settings=STRICT_SETTINGS,
        database=database,
        screening=screening,
        signatures=signatures or FakeSignatures(good=GOOD_SIGNATURE),
        standings=authority,
        memberships=authority,
        audit_log=FakeAuditLog(),
        prices=prices,
        limits=prices,
        approvals=prices,
        permissions=policies,
        payment_permissions=BundledPermissions(policies),
        objects=folder_store(),
        scanner=NoScanner(),
        clock=clock,
    )
    payments, verifier = build(dependencies), forge.verifier()
    # The shared list was just read and never becomes stale.
    revocations = Revocations(now=lambda: clock.now().timestamp(), elapsed=lambda: 0.0)
    revocations.confirm()
    access_control = AccessControl(verifier, SubjectRoles(clock), policies, revocations, EndedMemberships(clock))
    async with rest_client(
        payments,
        ROUTERS,
        verifier=verifier,
        policies=policies,
        database=database,
        clock=clock,
        revocations=revocations,
        own_keys=OWN_KEYS,
    ) as client:
        watch_refusals(client, database)
        yield Bank(
            client=client,
            forge=forge,
            payments=payments,
            database=database,
            clock=clock,
            screening=screening,
            prices=prices,
            policies=policies,
            decisions=decisions,
            dependencies=dependencies,
            access_control=access_control,
            revocations=revocations,
            authority=authority,
        )


HOUR: Final = timedelta(hours=1).total_seconds()
