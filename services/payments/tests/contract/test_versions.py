"""What fees, rates and limits share over REST: versions, filters and permissions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel.ids import new_id
from services.payments.tests.contract.pricing_bank import FEE, LIMIT, PricingBank

PATHS = ["/fees", "/rates", "/limits"]


def price(pricing_bank: PricingBank, path: str) -> dict[str, Any]:
    """Return a version for this path that is in force for at least two days."""
    return {"/fees": FEE, "/limits": LIMIT, "/rates": pricing_bank.rate(valid_until=pricing_bank.at(days=2))}[path]


@pytest.mark.parametrize("path", PATHS)
async def test_a_planned_version_conflicts_until_it_is_ended(pricing_bank: PricingBank, path: str) -> None:
    planned = await pricing_bank.data(
        "POST", path, {**price(pricing_bank, path), "valid_from": pricing_bank.at(days=1)}, expect=201
    )
    refused = await pricing_bank.call("POST", path, price(pricing_bank, path))
    assert (refused.status_code, refused.json()["code"]) == (409, "PAY_033")
    assert (await pricing_bank.data("GET", path))["items"] == []

    end = {"reason": "withdrawn before it began"}
    ended = await pricing_bank.data("POST", f"{path}/{planned['id']}/end", end)
    assert ended["valid_until"] == ended["valid_from"]
    again = await pricing_bank.call(
        "POST", f"{path}/{planned['id']}/end", {"reason": "and again", "valid_until": pricing_bank.at(days=2)}
    )
    assert (again.status_code, again.json()["code"]) == (409, "PAY_034")
    assert (await pricing_bank.data("POST", path, price(pricing_bank, path), expect=201))["version"] == 2


@pytest.mark.parametrize("path", PATHS)
async def test_a_version_is_ended_now_or_later_and_not_in_the_past(pricing_bank: PricingBank, path: str) -> None:
    standing = await pricing_bank.data("POST", path, price(pricing_bank, path), expect=201)
    end = f"{path}/{standing['id']}/end"
    past = await pricing_bank.call("POST", end, {"reason": "yesterday", "valid_until": pricing_bank.at(seconds=-1)})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "valid_until")
    later = await pricing_bank.data("POST", end, {"reason": "tomorrow", "valid_until": pricing_bank.at(days=1)})
    assert datetime.fromisoformat(later["valid_until"]) == pricing_bank.clock.now() + timedelta(days=1)
    assert (await pricing_bank.data("GET", path))["items"] == [later]
    now = await pricing_bank.data("POST", end, {"reason": "at once"})
    assert datetime.fromisoformat(now["valid_until"]) == pricing_bank.clock.now()
    assert (await pricing_bank.data("GET", path))["items"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_the_current_instant_is_not_in_the_past(pricing_bank: PricingBank, path: str) -> None:
    past = await pricing_bank.call("POST", path, {**price(pricing_bank, path), "valid_from": pricing_bank.at(seconds=-1)})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "valid_from")
    standing = await pricing_bank.data("POST", path, {**price(pricing_bank, path), "valid_from": pricing_bank.at()}, expect=201)
    assert (await pricing_bank.data("GET", path))["items"] == [standing]
    await pricing_bank.data("POST", f"{path}/{standing['id']}/end", {"reason": "at once", "valid_until": pricing_bank.at()})
    assert (await pricing_bank.data("GET", path))["items"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_sets_one_version(pricing_bank: PricingBank, path: str) -> None:
    key = {"Idempotency-Key": "once"}
    first = await pricing_bank.call("POST", path, price(pricing_bank, path), headers=key)
    again = await pricing_bank.call("POST", path, price(pricing_bank, path), headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    other = await pricing_bank.call("POST", path, {**price(pricing_bank, path), "reason": "another"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")
    assert (await pricing_bank.data("GET", f"{path}/history"))["total"] == 1


async def test_each_filter_of_current_prices_and_of_their_history_returns_only_what_matches(pricing_bank: PricingBank) -> None:
    """Each has versions in force, a replaced one and one that starts later. Lists are by series, histories newest first."""
    names: dict[str, str] = {}

    async def made(path: str, name: str, body: dict[str, Any]) -> None:
        names[(await pricing_bank.data("POST", path, body, expect=201))["id"]] = name
        pricing_bank.wait(1)

    fee = {key: value for key, value in FEE.items() if key != "code"}
    for path, bodies in (
        (
            "/fees",
            {
                "b": {**fee, "code": "b"},
                "a": {**fee, "code": "a", "kind": "payment"},
                "c": {**fee, "code": "c", "currency": "USD"},
                "a2": {**fee, "code": "a", "kind": "payment"},
                "d": {**fee, "code": "d", "valid_from": pricing_bank.at(days=1)},
            },
        ),
        (
            "/rates",
            {
                "b": pricing_bank.rate(),
                "a": pricing_bank.rate(base="ELC"),
                "c": pricing_bank.rate(quote="ZAR"),
                "a2": pricing_bank.rate(base="ELC"),
                "d": pricing_bank.rate(quote="ELC", valid_from=pricing_bank.at(hours=6)),
            },
        ),
        (
            "/limits",
            {
                "b": {**LIMIT, "tier": "gold"},
                "a": {**LIMIT, "tier": "bronze"},
                "c": {**LIMIT, "tier": "gold", "currency": "USD"},
                "a2": {**LIMIT, "tier": "bronze"},
                "d": {**LIMIT, "tier": "plain", "valid_from": pricing_bank.at(days=1)},
            },
        ),
    ):
        for name, body in bodies.items():
            await made(path, f"{path} {name}", body)

    async def listed(path: str, **params: Any) -> str:
        """Return the names of a whole list, in pages of two; each page must have the same total."""
        found: list[str] = []
        page, total = 1, 1
        while page == 1 or len(found) < total:
            data = await pricing_bank.data("GET", path, params={**params, "per_page": 2, "page": page})
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


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_version_cannot_be_ended(pricing_bank: PricingBank, path: str) -> None:
    assert (await pricing_bank.call("POST", f"{path}/{new_id()}/end", {"reason": "gone"})).status_code == 404


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
async def test_callers_without_the_permission_are_refused(pricing_bank: PricingBank, role: str, method: str, path: str) -> None:
    response = await pricing_bank.call(method, path, role=role)
    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")
