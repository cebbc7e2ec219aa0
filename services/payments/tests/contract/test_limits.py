"""Limits and tiers over REST, on a real database."""

from decimal import Decimal
from typing import Any

import pytest

from chassis.persistence.database import Database
from elcorp.payments.v1 import events_pb2
from services.payments.tests.contract.outbox import published
from services.payments.tests.contract.pricing_bank import LIMIT, PricingBank

# The limits of a payer who has spent nothing, at 08:00 on 21 March.
UNSPENT: dict[str, Any] = {
    "day_spent": "0.00",
    "day_left": None,
    "day_renews_at": "2026-03-21T22:00:00Z",
    "month_spent": "0.00",
    "month_left": None,
    "month_renews_at": "2026-03-31T22:00:00Z",
}


async def test_limits_apply_by_tier_and_by_owner(pricing_bank: PricingBank, database: Database) -> None:
    limit = await pricing_bank.data("POST", "/limits", LIMIT, expect=201)
    business = await pricing_bank.data("POST", "/limits", {**LIMIT, "tier": "business", "day_max": "90000"}, expect=201)
    assert (limit["day_max"], limit["single_max"]) == ("5000.00", None)
    assert await pricing_bank.mine() == {
        "tier": "standard",
        "items": [{**UNSPENT, **limit, "day_left": "5000.00", "left": "5000.00"}],
    }

    path = f"/limits/tiers/{pricing_bank.user_id}"
    assert (await pricing_bank.data("GET", path))["version"] == 0
    assigned = await pricing_bank.data("PUT", path, {"tier": "business", "reason": "registered"}, headers={"If-Match": '"0"'})
    assert (assigned["tier"], assigned["version"]) == ("business", 1)
    stale = await pricing_bank.call("PUT", path, {"tier": "standard", "reason": "back"}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    assert (await pricing_bank.data("PUT", path, {"tier": "business", "reason": "again"}))["version"] == 1
    [event] = await published(database, events_pb2.TierAssigned)
    assert (event.owner_id, event.tier) == (str(pricing_bank.user_id), "business")
    assert (await pricing_bank.mine())["items"] == [{**UNSPENT, **business, "day_left": "90000.00", "left": "90000.00"}]

    ended = await pricing_bank.data("POST", f"/limits/{limit['id']}/end", {"reason": "no more"})
    assert ended["valid_until"]
    assert (await pricing_bank.data("GET", "/limits"))["items"] == [business]
    assert (await pricing_bank.data("GET", "/limits/history", params={"tier": "standard"}))["total"] == 1


async def test_a_payer_sees_what_is_spent_and_what_is_left_and_when_it_renews(pricing_bank: PricingBank) -> None:
    limits = {**LIMIT, "single_max": "300.00", "day_max": "500.00", "month_max": "800.00"}
    limit = await pricing_bank.data("POST", "/limits", limits, expect=201)
    source, target, tokens = await pricing_bank.wallet(), await pricing_bank.wallet(), await pricing_bank.wallet("ELC")
    assert (await pricing_bank.pay(source, target, "290.00")).status_code == 201
    held = (await pricing_bank.pay(target, source, "10.00", capture="later")).json()["data"]["id"]
    assert (await pricing_bank.pay(tokens, await pricing_bank.wallet("ELC"), "1.00000001", "ELC")).status_code == 201

    of_tokens, of_dollars = (await pricing_bank.mine())["items"]

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
    await pricing_bank.data("POST", f"/transfers/{held}/void", {"reason": "no longer"}, role="user")
    assert [(item["day_spent"], item["left"]) for item in (await pricing_bank.mine())["items"]][1] == ("290.00", "210.00")
    pricing_bank.wait(seconds=14 * 3600)
    [_, next_day] = (await pricing_bank.mine())["items"]
    assert (next_day["day_spent"], next_day["day_left"], next_day["day_renews_at"]) == ("0.00", "500.00", "2026-03-22T22:00:00Z")
    assert (next_day["month_spent"], next_day["month_left"], next_day["left"]) == ("290.00", "510.00", "300.00")


@pytest.mark.parametrize(
    "maxima",
    [{"single_max": "40.00"}, {"day_max": "150.00"}, {"month_max": "150.00", "day_max": "900.00"}, {"day_max": "100.00"}],
)
async def test_exactly_the_remaining_amount_may_be_moved(pricing_bank: PricingBank, maxima: dict[str, str]) -> None:
    source, target = await pricing_bank.wallet(), await pricing_bank.wallet()
    assert (await pricing_bank.pay(source, target, "100.00")).status_code == 201
    await pricing_bank.data("POST", "/limits", {**LIMIT, "day_max": None, **maxima}, expect=201)
    left = Decimal((await pricing_bank.mine())["items"][0]["left"])

    beyond = await pricing_bank.pay(source, target, f"{left + Decimal('0.01')}")

    assert (beyond.status_code, beyond.json()["code"]) == (409, "PAY_030")
    if left:
        assert (await pricing_bank.pay(source, target, f"{left}")).status_code == 201


@pytest.mark.parametrize("version", ["0", "2"])
@pytest.mark.parametrize("tier", ["gold", "business"])
async def test_a_tier_that_was_assigned_meanwhile_is_not_overwritten(
    pricing_bank: PricingBank, database: Database, tier: str, version: str
) -> None:
    for limited in ("business", "gold"):
        await pricing_bank.data("POST", "/limits", {**LIMIT, "tier": limited}, expect=201)
    path = f"/limits/tiers/{pricing_bank.user_id}"
    read = await pricing_bank.call("GET", path)
    assert read.headers["etag"] == '"0"'
    meanwhile = await pricing_bank.call("PUT", path, {"tier": "business", "reason": "registered"}, headers={"If-Match": '"0"'})
    assert (meanwhile.status_code, meanwhile.headers["etag"]) == (200, '"1"')
    body = {"tier": tier, "reason": "turnover"}
    overtaken = await pricing_bank.call("PUT", path, body, headers={"If-Match": f'"{version}"'})
    assert (overtaken.status_code, overtaken.json()["code"]) == (412, "RES_003")
    assert (await pricing_bank.data("GET", path))["tier"] == "business"
    assert [event.tier for event in await published(database, events_pb2.TierAssigned)] == ["business"]
    await pricing_bank.data("PUT", path, {"tier": "gold", "reason": "turnover"}, headers={"If-Match": '"1"'})
    assert (await pricing_bank.call("GET", path)).headers["etag"] == '"2"'


async def test_a_tier_without_limits_cannot_be_assigned_except_the_standard_one(pricing_bank: PricingBank) -> None:
    path = f"/limits/tiers/{pricing_bank.user_id}"
    refused = await pricing_bank.call("PUT", path, {"tier": "busines", "reason": "registered"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tier")
    assert (await pricing_bank.data("PUT", path, {"tier": "standard", "reason": "as before"}))["version"] == 1


async def test_a_limit_that_ended_before_its_start_makes_no_tier_to_assign(pricing_bank: PricingBank, database: Database) -> None:
    planned = await pricing_bank.data(
        "POST", "/limits", {**LIMIT, "tier": "business", "valid_from": pricing_bank.at(days=1)}, expect=201
    )
    await pricing_bank.data("POST", f"/limits/{planned['id']}/end", {"reason": "no more"})
    path = f"/limits/tiers/{pricing_bank.user_id}"

    refused = await pricing_bank.call("PUT", path, {"tier": "business", "reason": "registered"})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tier")
    standing = await pricing_bank.data("GET", path)
    assert (standing["tier"], standing["version"]) == ("standard", 0)
    assert await published(database, events_pb2.TierAssigned) == []


async def test_a_limit_that_starts_later_makes_its_tier_one_to_assign(pricing_bank: PricingBank) -> None:
    await pricing_bank.data("POST", "/limits", {**LIMIT, "tier": "business", "valid_from": pricing_bank.at(days=1)}, expect=201)

    assigned = await pricing_bank.data(
        "PUT", f"/limits/tiers/{pricing_bank.user_id}", {"tier": "business", "reason": "registered"}
    )

    assert (assigned["tier"], assigned["version"]) == ("business", 1)


BAD_LIMITS: list[dict[str, Any]] = [
    {"tier": "VIP"},
    {"day_max": "-1"},
    {"day_max": "0.001"},
    {"currency": "EUR"},
    {"month_max": "9" * 21},
    {"valid_from": "2020-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("change", BAD_LIMITS)
async def test_an_invalid_limit_writes_nothing(pricing_bank: PricingBank, change: dict[str, Any]) -> None:
    response = await pricing_bank.call("POST", "/limits", {**LIMIT, **change})
    assert response.status_code == 422, response.text
    assert (await pricing_bank.data("GET", "/limits/history"))["total"] == 0
