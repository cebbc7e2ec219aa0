"""Fees, rates, limits and quotes as REST clients meet them, on a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from kernel.money import Money
from payments.application import Payments
from payments.infrastructure.cached_prices import CachedPrices
from payments.infrastructure.queries.pricing import SqlPricingQueries
from payments.interfaces.rest import ROUTERS
from payments.wiring import build
from payments.wiring.dependencies import Dependencies
from services.payments.tests.contract.outbox import published
from services.payments.tests.fakes import FakeAuditLog, FakeAuthority, FakePrices, FakeScreening, FakeSignatures
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
PATHS = ["/fees", "/rates", "/limits"]
# What a payer sees who has spent nothing, at eight in the morning of the 21st of March.
UNSPENT: dict[str, Any] = {
    "day_spent": "0.00",
    "day_left": None,
    "day_renews_at": "2026-03-21T22:00:00Z",
    "month_spent": "0.00",
    "month_left": None,
    "month_renews_at": "2026-03-31T22:00:00Z",
}
LIMIT: dict[str, Any] = {"tier": "standard", "currency": "NAD", "day_max": "5000.00", "reason": "resolution 12"}


@dataclass
class Desk:
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
            # What is put replaces what there is now.
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
        """Open a wallet of the caller's, with money."""
        wallet_id = new_id()
        await self.payments.wallets.open_issued_wallet(
            actor=Actor.service("test"), wallet_id=wallet_id, owner_id=self.user_id, currency=currency
        )
        await self.payments.transfers.issue_money(
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


@pytest.fixture
async def desk(database: Database, clock: ControlledClock) -> AsyncIterator[Desk]:
    forge, fakes = TokenForge(clock), FakePrices()
    prices = CachedPrices(SqlPricingQueries(database).prices, clock)
    assert await prices.refresh()
    policies: Policies = permitting(GRANTS, clock)
    payments = build(
        Dependencies(
            settings=SETTINGS,
            database=database,
            screening=FakeScreening(),
            signatures=FakeSignatures(),
            standings=FakeAuthority(),
            audit_log=FakeAuditLog(),
            prices=prices,
            limits=prices,
            approvals=fakes,
            permissions=policies,
            clock=clock,
        )
    )
    async with rest_client(
        payments, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        watch_refusals(client, database)
        yield Desk(client, forge, clock, prices, policies, payments)


async def test_a_payer_sees_the_fee_before_paying(desk: Desk) -> None:
    free = await desk.quote()
    assert (free["fees"], free["fee_total"], free["total"], free["conversion"]) == ([], "0.00", "100.00", None)

    rule = await desk.data("POST", "/fees", FEE, expect=201)
    quoted = await desk.quote()

    assert [(line["account"], line["amount"], line["rule_id"]) for line in quoted["fees"]] == [
        ("fees", "1.00", rule["id"]),
        ("vat", "0.15", rule["id"]),
    ]
    assert (quoted["total"], quoted["needs_approval"]) == ("101.15", False)
    assert (await desk.quote(amount="2000"))["fee_total"] == "10.00"
    assert (await desk.quote(kind="payment"))["fees"] == []
    listed = await desk.data("GET", "/fees", role="user", params={"kind": "transfer", "currency": "NAD"})
    assert listed["items"] == [rule]
    assert rule["tiers"][1] == {"from_amount": "1000.00", "flat": "0.00", "percent": "0.5"}
    assert "recorded_by" not in rule


async def test_a_new_version_begins_where_the_old_one_ends_and_history_stays(desk: Desk) -> None:
    first = await desk.data("POST", "/fees", FEE, expect=201)
    planned = await desk.data("POST", "/fees", {**FEE, "tiers": [{"flat": "2"}], "valid_from": desk.at(days=1)}, expect=201)
    assert (first["version"], planned["version"]) == (1, 2)
    assert (await desk.quote())["fee_total"] == "1.15"

    desk.wait(seconds=86_400)
    assert (await desk.quote())["fee_total"] == "2.00"
    history = await desk.data("GET", "/fees/history", params={"code": "transfer-service"})
    assert history["total"] == 2
    old = next(item for item in history["items"] if item["version"] == 1)
    assert datetime.fromisoformat(old["valid_until"]) == datetime.fromisoformat(planned["valid_from"])
    assert (old["recorded_by"], old["reason"]) == (str(desk.user_id), "resolution 12")


def price(desk: Desk, path: str) -> dict[str, Any]:
    """What is set at a path, good for two days at least."""
    return {"/fees": FEE, "/limits": LIMIT, "/rates": desk.rate(valid_until=desk.at(days=2))}[path]


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_planned_is_in_the_way_until_it_is_ended(desk: Desk, path: str) -> None:
    planned = await desk.data("POST", path, {**price(desk, path), "valid_from": desk.at(days=1)}, expect=201)
    refused = await desk.call("POST", path, price(desk, path))
    assert (refused.status_code, refused.json()["code"]) == (409, "PAY_033")
    assert (await desk.data("GET", path))["items"] == []

    end = {"reason": "withdrawn before it began"}
    ended = await desk.data("POST", f"{path}/{planned['id']}/end", end)
    assert ended["valid_until"] == ended["valid_from"]
    again = await desk.call("POST", f"{path}/{planned['id']}/end", {"reason": "and again", "valid_until": desk.at(days=2)})
    assert (again.status_code, again.json()["code"]) == (409, "PAY_034")
    assert (await desk.data("POST", path, price(desk, path), expect=201))["version"] == 2


@pytest.mark.parametrize("path", PATHS)
async def test_a_version_is_ended_now_or_later_and_not_in_the_past(desk: Desk, path: str) -> None:
    standing = await desk.data("POST", path, price(desk, path), expect=201)
    end = f"{path}/{standing['id']}/end"
    past = await desk.call("POST", end, {"reason": "yesterday", "valid_until": desk.at(seconds=-1)})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "valid_until")
    later = await desk.data("POST", end, {"reason": "tomorrow", "valid_until": desk.at(days=1)})
    assert datetime.fromisoformat(later["valid_until"]) == desk.clock.now() + timedelta(days=1)
    assert (await desk.data("GET", path))["items"] == [later]
    now = await desk.data("POST", end, {"reason": "at once"})
    assert datetime.fromisoformat(now["valid_until"]) == desk.clock.now()
    assert (await desk.data("GET", path))["items"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_this_very_moment_is_not_the_past(desk: Desk, path: str) -> None:
    past = await desk.call("POST", path, {**price(desk, path), "valid_from": desk.at(seconds=-1)})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "valid_from")
    standing = await desk.data("POST", path, {**price(desk, path), "valid_from": desk.at()}, expect=201)
    assert (await desk.data("GET", path))["items"] == [standing]
    await desk.data("POST", f"{path}/{standing['id']}/end", {"reason": "at once", "valid_until": desk.at()})
    assert (await desk.data("GET", path))["items"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_sets_one_version(desk: Desk, path: str) -> None:
    key = {"Idempotency-Key": "once"}
    first = await desk.call("POST", path, price(desk, path), headers=key)
    again = await desk.call("POST", path, price(desk, path), headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    other = await desk.call("POST", path, {**price(desk, path), "reason": "another"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")
    assert (await desk.data("GET", f"{path}/history"))["total"] == 1


async def test_a_payer_sees_the_rate_and_what_arrives(desk: Desk) -> None:
    without = await desk.call("POST", "/fees/quote", {"amount": "1000", "currency": "NAD", "target_currency": "USD"}, role="user")
    assert (without.status_code, without.json()["code"]) == (409, "PAY_031")

    rate = await desk.data("POST", "/rates", desk.rate(), expect=201, role="treasurer")
    quoted = await desk.quote(amount="1000", target_currency="USD", kind="conversion")

    assert quoted["conversion"] == {
        "rate_id": rate["id"],
        "rate": "0.054351",
        "source_amount": "1000.00",
        "target_amount": "54.35",
        "target_currency": "USD",
    }
    assert (await desk.data("GET", "/rates", role="user"))["items"] == [rate]
    desk.wait(seconds=12 * 3600)
    await desk.prices.refresh()
    late = await desk.call("POST", "/fees/quote", {"amount": "1000", "currency": "NAD", "target_currency": "USD"}, role="user")
    assert late.json()["code"] == "PAY_031"
    assert (await desk.data("GET", "/rates", role="user"))["items"] == []
    assert (await desk.data("GET", "/rates/history", role="treasurer"))["total"] == 1


async def test_a_rate_can_be_ended_at_once(desk: Desk) -> None:
    rate = await desk.data("POST", "/rates", desk.rate(), expect=201)
    await desk.data("POST", f"/rates/{rate['id']}/end", {"reason": "wrong fixing"})
    assert (await desk.data("GET", "/rates"))["items"] == []


async def test_limits_by_tier_and_an_owners_own(desk: Desk, database: Database) -> None:
    limit = await desk.data("POST", "/limits", LIMIT, expect=201)
    business = await desk.data("POST", "/limits", {**LIMIT, "tier": "business", "day_max": "90000"}, expect=201)
    assert (limit["day_max"], limit["single_max"]) == ("5000.00", None)
    assert await desk.mine() == {"tier": "standard", "items": [{**UNSPENT, **limit, "day_left": "5000.00", "left": "5000.00"}]}

    path = f"/limits/tiers/{desk.user_id}"
    assert (await desk.data("GET", path))["version"] == 0
    assigned = await desk.data("PUT", path, {"tier": "business", "reason": "registered"}, headers={"If-Match": '"0"'})
    assert (assigned["tier"], assigned["version"]) == ("business", 1)
    stale = await desk.call("PUT", path, {"tier": "standard", "reason": "back"}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    assert (await desk.data("PUT", path, {"tier": "business", "reason": "again"}))["version"] == 1
    [told] = await published(database, events_pb2.TierAssigned)
    assert (told.owner_id, told.tier) == (str(desk.user_id), "business")
    assert (await desk.mine())["items"] == [{**UNSPENT, **business, "day_left": "90000.00", "left": "90000.00"}]

    ended = await desk.data("POST", f"/limits/{limit['id']}/end", {"reason": "no more"})
    assert ended["valid_until"]
    assert (await desk.data("GET", "/limits"))["items"] == [business]
    assert (await desk.data("GET", "/limits/history", params={"tier": "standard"}))["total"] == 1


async def test_a_payer_sees_what_is_spent_what_is_left_and_when_it_renews(desk: Desk) -> None:
    limits = {**LIMIT, "single_max": "300.00", "day_max": "500.00", "month_max": "800.00"}
    limit = await desk.data("POST", "/limits", limits, expect=201)
    source, target, tokens = await desk.wallet(), await desk.wallet(), await desk.wallet("ELC")
    assert (await desk.pay(source, target, "290.00")).status_code == 201
    held = (await desk.pay(target, source, "10.00", capture="later")).json()["data"]["id"]
    assert (await desk.pay(tokens, await desk.wallet("ELC"), "1.00000001", "ELC")).status_code == 201

    of_tokens, of_dollars = (await desk.mine())["items"]

    assert of_dollars == {
        **limit,
        "left": "200.00",
        "day_spent": "300.00",
        "day_left": "200.00",
        "day_renews_at": "2026-03-21T22:00:00Z",
        "month_spent": "300.00",
        "month_left": "500.00",
        "month_renews_at": "2026-03-31T22:00:00Z",
    }
    assert of_tokens == {
        **dict.fromkeys(of_dollars),
        "tier": "standard",
        "currency": "ELC",
        "day_spent": "1.00000001",
        "day_renews_at": "2026-03-21T22:00:00Z",
        "month_spent": "1.00000001",
        "month_renews_at": "2026-03-31T22:00:00Z",
    }
    await desk.data("POST", f"/transfers/{held}/void", {"reason": "no longer"}, role="user")
    assert [(item["day_spent"], item["left"]) for item in (await desk.mine())["items"]][1] == ("290.00", "210.00")
    desk.wait(seconds=14 * 3600)
    [_, next_day] = (await desk.mine())["items"]
    assert (next_day["day_spent"], next_day["day_left"], next_day["day_renews_at"]) == ("0.00", "500.00", "2026-03-22T22:00:00Z")
    assert (next_day["month_spent"], next_day["month_left"], next_day["left"]) == ("290.00", "510.00", "300.00")


@pytest.mark.parametrize(
    "maxima",
    [{"single_max": "40.00"}, {"day_max": "150.00"}, {"month_max": "150.00", "day_max": "900.00"}, {"day_max": "100.00"}],
)
async def test_exactly_what_is_left_may_be_moved(desk: Desk, maxima: dict[str, str]) -> None:
    source, target = await desk.wallet(), await desk.wallet()
    assert (await desk.pay(source, target, "100.00")).status_code == 201
    await desk.data("POST", "/limits", {**LIMIT, "day_max": None, **maxima}, expect=201)
    left = Decimal((await desk.mine())["items"][0]["left"])

    beyond = await desk.pay(source, target, f"{left + Decimal('0.01')}")

    assert (beyond.status_code, beyond.json()["code"]) == (409, "PAY_030")
    if left:
        assert (await desk.pay(source, target, f"{left}")).status_code == 201


async def test_each_filter_of_prices_in_force_and_of_their_history_lets_through_what_it_says(desk: Desk) -> None:
    """Of each: some in force, one that was replaced, one still to begin. Lists are by series, histories the newest first."""
    names: dict[str, str] = {}

    async def made(path: str, name: str, body: dict[str, Any]) -> None:
        names[(await desk.data("POST", path, body, expect=201))["id"]] = name
        desk.wait(1)

    fee = {key: value for key, value in FEE.items() if key != "code"}
    for path, bodies in (
        (
            "/fees",
            {
                "b": {**fee, "code": "b"},
                "a": {**fee, "code": "a", "kind": "payment"},
                "c": {**fee, "code": "c", "currency": "USD"},
                "a2": {**fee, "code": "a", "kind": "payment"},
                "d": {**fee, "code": "d", "valid_from": desk.at(days=1)},
            },
        ),
        (
            "/rates",
            {
                "b": desk.rate(),
                "a": desk.rate(base="ELC"),
                "c": desk.rate(quote="ZAR"),
                "a2": desk.rate(base="ELC"),
                "d": desk.rate(quote="ELC", valid_from=desk.at(hours=6)),
            },
        ),
        (
            "/limits",
            {
                "b": {**LIMIT, "tier": "gold"},
                "a": {**LIMIT, "tier": "bronze"},
                "c": {**LIMIT, "tier": "gold", "currency": "USD"},
                "a2": {**LIMIT, "tier": "bronze"},
                "d": {**LIMIT, "tier": "plain", "valid_from": desk.at(days=1)},
            },
        ),
    ):
        for name, body in bodies.items():
            await made(path, f"{path} {name}", body)

    async def listed(path: str, **params: Any) -> str:
        """Return the names of a whole list, by pages of two, each of which tells how many there are."""
        found: list[str] = []
        page, total = 1, 1
        while page == 1 or len(found) < total:
            data = await desk.data("GET", path, params={**params, "per_page": 2, "page": page})
            found += [names[item["id"]].split()[1] for item in data["items"]]
            page, total = page + 1, data["total"]
            assert page < 9
        assert len(found) == total
        return " ".join(found)

    everything = "d a2 c a b"
    for path, params, expected in (
        ("/fees", {}, "a2 b c"),
        ("/fees", {"kind": "transfer"}, "b c"),
        ("/fees", {"currency": "NAD"}, "a2 b"),
        ("/fees", {"kind": "transfer", "currency": "NAD"}, "b"),
        ("/fees/history", {}, everything),
        ("/fees/history", {"code": "a"}, "a2 a"),
        ("/rates", {}, "a2 b c"),
        ("/rates", {"base": "NAD"}, "b c"),
        ("/rates", {"quote": "USD"}, "a2 b"),
        ("/rates", {"base": "NAD", "quote": "USD"}, "b"),
        ("/rates/history", {}, everything),
        ("/rates/history", {"base": "ELC"}, "a2 a"),
        ("/rates/history", {"quote": "USD"}, "a2 a b"),
        ("/rates/history", {"base": "NAD", "quote": "ELC"}, "d"),
        ("/limits", {}, "a2 b c"),
        ("/limits", {"tier": "gold"}, "b c"),
        ("/limits", {"currency": "NAD"}, "a2 b"),
        ("/limits", {"tier": "gold", "currency": "USD"}, "c"),
        ("/limits/history", {}, everything),
        ("/limits/history", {"tier": "bronze"}, "a2 a"),
        ("/limits/history", {"currency": "USD"}, "c"),
        ("/limits/history", {"tier": "gold", "currency": "NAD"}, "b"),
    ):
        assert await listed(path, **params) == expected, (path, params)


@pytest.mark.parametrize("version", ["0", "2"])
@pytest.mark.parametrize("tier", ["gold", "business"])
async def test_a_tier_that_somebody_assigned_meanwhile_is_not_overwritten(
    desk: Desk, database: Database, tier: str, version: str
) -> None:
    for limited in ("business", "gold"):
        await desk.data("POST", "/limits", {**LIMIT, "tier": limited}, expect=201)
    path = f"/limits/tiers/{desk.user_id}"
    read = await desk.call("GET", path)
    assert read.headers["etag"] == '"0"'
    meanwhile = await desk.call("PUT", path, {"tier": "business", "reason": "registered"}, headers={"If-Match": '"0"'})
    assert (meanwhile.status_code, meanwhile.headers["etag"]) == (200, '"1"')
    body = {"tier": tier, "reason": "turnover"}
    overtaken = await desk.call("PUT", path, body, headers={"If-Match": f'"{version}"'})
    assert (overtaken.status_code, overtaken.json()["code"]) == (412, "RES_003")
    assert (await desk.data("GET", path))["tier"] == "business"
    assert [told.tier for told in await published(database, events_pb2.TierAssigned)] == ["business"]
    await desk.data("PUT", path, {"tier": "gold", "reason": "turnover"}, headers={"If-Match": '"1"'})
    assert (await desk.call("GET", path)).headers["etag"] == '"2"'


async def test_nobody_is_put_into_a_tier_without_limits_and_back_into_the_standard_one_always(desk: Desk) -> None:
    path = f"/limits/tiers/{desk.user_id}"
    refused = await desk.call("PUT", path, {"tier": "busines", "reason": "registered"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tier")
    assert (await desk.data("PUT", path, {"tier": "standard", "reason": "as before"}))["version"] == 1


async def test_a_limit_that_was_ended_before_it_began_makes_no_tier_to_assign(desk: Desk, database: Database) -> None:
    planned = await desk.data("POST", "/limits", {**LIMIT, "tier": "business", "valid_from": desk.at(days=1)}, expect=201)
    await desk.data("POST", f"/limits/{planned['id']}/end", {"reason": "no more"})
    path = f"/limits/tiers/{desk.user_id}"

    refused = await desk.call("PUT", path, {"tier": "business", "reason": "registered"})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tier")
    standing = await desk.data("GET", path)
    assert (standing["tier"], standing["version"]) == ("standard", 0)
    assert await published(database, events_pb2.TierAssigned) == []


async def test_a_limit_that_is_still_to_begin_makes_its_tier_one_to_assign(desk: Desk) -> None:
    await desk.data("POST", "/limits", {**LIMIT, "tier": "business", "valid_from": desk.at(days=1)}, expect=201)

    assigned = await desk.data("PUT", f"/limits/tiers/{desk.user_id}", {"tier": "business", "reason": "registered"})

    assert (assigned["tier"], assigned["version"]) == ("business", 1)


BAD_FEES: list[dict[str, Any]] = [
    {"tiers": []},
    {"tiers": [{"from_amount": "5"}]},
    {"tiers": [{"flat": "0.001"}]},
    {"tiers": [{"flat": "-1"}]},
    {"tiers": [{"percent": "101"}]},
    {"tiers": [{"percent": 1}]},
    {"kind": "issuance"},
    {"currency": "EUR"},
    {"currency": "nad"},
    {"least": "2", "most": "1"},
    {"vat_percent": "1e1"},
    {"rounding": "sideways"},
    {"code": 'x"; DROP'},
    {"waived_roles": ["No One"]},
    {"valid_from": "2020-01-01T00:00:00Z"},
    {"valid_from": "2026-12-01T00:00:00"},
    {"valid_until": "2020-01-01T00:00:00Z"},
    {"reason": ""},
    {"extra": 1},
]
BAD_LIMITS: list[dict[str, Any]] = [
    {"tier": "VIP"},
    {"day_max": "-1"},
    {"day_max": "0.001"},
    {"currency": "EUR"},
    {"month_max": "9" * 21},
    {"valid_from": "2020-01-01T00:00:00Z"},
]


@pytest.mark.parametrize(
    ("path", "good", "change"),
    [*(("/fees", FEE, change) for change in BAD_FEES), *(("/limits", LIMIT, change) for change in BAD_LIMITS)],
)
async def test_a_bad_price_writes_nothing(desk: Desk, path: str, good: dict[str, Any], change: dict[str, Any]) -> None:
    response = await desk.call("POST", path, {**good, **change})
    assert response.status_code == 422, response.text
    assert (await desk.data("GET", f"{path}/history"))["total"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "NAD"},
        {"quote": "EUR"},
        {"mid": "0"},
        {"mid": "-1"},
        {"mid": "0.00000000001"},
        {"spread_percent": "100"},
        {"valid_until": "2030-01-01T00:00:00Z"},
        {"valid_until": None},
    ],
)
async def test_a_bad_rate_writes_nothing(desk: Desk, change: dict[str, Any]) -> None:
    response = await desk.call("POST", "/rates", {**desk.rate(), **change})
    assert response.status_code == 422, response.text
    assert (await desk.data("GET", "/rates/history"))["total"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.001"},
        {"kind": "issuance"},
        {"kind": "refund"},
        {"currency": "EUR"},
        {"target_wallet_id": "x"},
    ],
)
async def test_a_bad_question_is_refused(desk: Desk, change: dict[str, str]) -> None:
    response = await desk.call("POST", "/fees/quote", {"amount": "1", "currency": "NAD", **change}, role="user")
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("path", PATHS)
async def test_what_does_not_exist_cannot_be_ended(desk: Desk, path: str) -> None:
    assert (await desk.call("POST", f"{path}/{new_id()}/end", {"reason": "gone"})).status_code == 404


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        *(
            (role, method, path)
            for role in ("user", "treasurer")
            for method, path in (
                ("POST", "/fees"),
                ("GET", "/fees/history"),
                ("POST", f"/fees/{UUID(int=1)}/end"),
                ("GET", "/limits"),
                ("POST", "/limits"),
                ("GET", "/limits/history"),
                ("POST", f"/limits/{UUID(int=1)}/end"),
                ("GET", f"/limits/tiers/{UUID(int=1)}"),
                ("PUT", f"/limits/tiers/{UUID(int=1)}"),
            )
        ),
        ("user", "POST", "/rates"),
        ("user", "GET", "/rates/history"),
        ("user", "POST", f"/rates/{UUID(int=1)}/end"),
    ],
)
async def test_who_may_not_is_refused(desk: Desk, role: str, method: str, path: str) -> None:
    response = await desk.call(method, path, role=role)
    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")
