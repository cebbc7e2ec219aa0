"""Approval rules over REST."""

import asyncio
from typing import Any

import httpx
import pytest

from chassis.testing.databases import DatabaseUrls
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import lock_held, published

PATH = "/policies/approval-rules/large-payments"
BODY = {
    "currency": "NAD",
    "threshold": "50000",
    "kinds": ["payment", "transfer"],
    "role": "user",
    "counterparty": "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10",
    "window": "24h",
    "description": "Large payments need two",
    "reason": "resolution 12",
}


BAD_WINDOWS: tuple[object, ...] = (
    "", "0h", "745h", "999h", "1000h", "024h", "-1h", "24", 24, 24.0, True, ["24h"], "1d", "24H", " 24h", "24h ", "24h\n", "1.5h",
    "\uff11\uff12h", "\u0661h", '24h" || true || "',
)  # fmt: skip


async def put(api: Api, body: object = BODY, etag: str | None = None) -> httpx.Response:
    return await api.call("PUT", PATH, json=body, headers={"If-Match": etag} if etag else None)


async def test_a_rule_is_set_read_listed_replaced_and_withdrawn(api: Api) -> None:
    made = await put(api)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    expected = {name: value for name, value in BODY.items() if name != "reason"}
    assert made.json()["data"] == {
        **expected,
        "name": "large-payments",
        "threshold": "50000.00",
        "version": 1,
        "is_withdrawn": False,
    }
    assert (await api.call("GET", PATH)).json()["data"] == made.json()["data"]

    higher = {**BODY, "threshold": "60000.00"}
    assert await api.refused("PUT", PATH, json=higher) == (409, "RES_002")
    assert await api.refused("PUT", PATH, json=higher, headers={"If-Match": '"9"'}) == (412, "RES_003")
    replaced = await put(api, {"currency": "ELC", "threshold": "0.0001", "reason": "another"}, '"1"')
    shown = replaced.json()["data"]
    assert (replaced.status_code, shown["threshold"], shown["window"]) == (200, "0.00010000", None)

    policies = (await api.call("GET", "/policies/bundles/current")).json()["data"]["policies"]
    assert '@id("approval:large-payments")\n@currency("ELC")\n@threshold("0.0001")' in policies
    listed = (await api.call("GET", "/policies/approval-rules")).json()["data"]
    assert ([item["name"] for item in listed["items"]], listed["total"]) == (["large-payments"], 1)

    for _ in range(2):
        gone = await api.call("DELETE", PATH, params={"reason": "desk closed"})
        assert (gone.status_code, gone.json()["data"]["is_withdrawn"]) == (200, True)
    assert (await api.call("GET", "/policies/approval-rules")).json()["data"]["total"] == 0
    assert (await api.call("GET", PATH)).json()["data"]["version"] == 3
    assert (await api.data("/policies/bundles/current"))["version"] == 4


async def test_a_rule_is_created_once(api: Api) -> None:
    new = {"If-None-Match": "*"}
    made = await api.call("PUT", PATH, json=BODY, headers=new)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert await api.refused("PUT", PATH, json={**BODY, "threshold": "60000.00"}, headers=new) == (409, "RES_002")
    # Only an existing rule can be withdrawn.
    assert await api.refused("DELETE", PATH, params={"reason": "closed"}, headers=new) == (412, "RES_003")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "EUR"}, "PAY_003"),
        ({"currency": None}, "VAL_001"),
        ({"threshold": "-1"}, "VAL_001"),
        ({"threshold": 50000}, "VAL_001"),
        ({"threshold": "1e5"}, "VAL_001"),
        ({"threshold": "0.001"}, "PAY_002"),
        ({"kinds": ['x"]']}, "VAL_001"),
        ({"kinds": ["a"] * 11}, "VAL_001"),
        ({"role": "emperor"}, "VAL_001"),
        ({"counterparty": "somebody"}, "VAL_001"),
        *(({"window": window}, "VAL_001") for window in BAD_WINDOWS),
        ({"reason": ""}, "VAL_001"),
        ({"extra": 1}, "VAL_001"),
    ],
)
async def test_an_invalid_rule_writes_nothing(api: Api, change: dict[str, object], code: str) -> None:
    assert await api.refused("PUT", PATH, json={**BODY, **change}) == (422, code)


@pytest.mark.parametrize("window", ["745h", "24H"], ids=["too long", "not hours"])
async def test_an_invalid_window_is_named_in_the_error(api: Api, window: str) -> None:
    answer = await put(api, {**BODY, "window": window})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["window"])


async def test_setting_changing_and_removing_a_window_changes_the_rule_and_the_bundle(api: Api) -> None:
    for version, window in enumerate(("1h", "744h", None, "24h")):
        body = {**BODY, "window": window} if window else {name: value for name, value in BODY.items() if name != "window"}
        answer = await put(api, body, f'"{version}"' if version else None)
        assert (answer.status_code, answer.json()["data"]["window"], answer.headers["etag"]) == (200, window, f'"{version + 1}"')
        assert (await api.call("GET", PATH)).json()["data"] == answer.json()["data"]
        [listed] = (await api.call("GET", "/policies/approval-rules")).json()["data"]["items"]
        assert listed == answer.json()["data"]
        policies = (await api.call("GET", "/policies/bundles/current")).json()["data"]["policies"]
        assert (f'@window("{window}")' in policies) is (window is not None)
        assert ("(if context has rule then" in policies) is (window is None)
    gone = await api.call("DELETE", PATH, params={"reason": "desk closed"})
    assert (gone.json()["data"]["window"], gone.json()["data"]["is_withdrawn"]) == ("24h", True)
    assert "@window" not in (await api.call("GET", "/policies/bundles/current")).json()["data"]["policies"]


async def test_unknown_rules_are_not_found(api: Api) -> None:
    assert (await api.call("GET", PATH)).status_code == 404
    assert await api.refused("DELETE", PATH, params={"reason": "none"}) == (404, "RES_001")
    assert await api.refused("PUT", PATH, json=BODY, headers={"If-Match": '"1"'}) == (412, "RES_003")
    assert (await api.call("GET", "/policies/approval-rules/Big")).status_code == 422


@pytest.mark.parametrize(
    "options",
    [{}, {"params": {"reason": "no"}}, {"params": {"reason": "closed"}, "headers": {"If-Match": '"2"'}}],
    ids=["no reason", "short reason", "another version"],
)
async def test_a_refused_withdrawal_leaves_the_rule_in_force(api: Api, options: dict[str, Any]) -> None:
    await put(api)
    expected = (412, "RES_003") if "headers" in options else (422, "VAL_001")
    assert await api.refused("DELETE", PATH, **options) == expected


async def test_a_stale_version_changes_nothing(api: Api) -> None:
    await put(api)
    await put(api, {**BODY, "threshold": "60000.00"}, '"1"')
    old = {"If-Match": '"1"'}
    for body in (BODY, {**BODY, "threshold": "60000.00"}, {**BODY, "threshold": "70000.00"}):
        assert await api.refused("PUT", PATH, json=body, headers=old) == (412, "RES_003")
    assert await api.refused("DELETE", PATH, params={"reason": "closed"}, headers=old) == (412, "RES_003")
    await api.call("DELETE", PATH, params={"reason": "closed"}, headers={"If-Match": '"2"'})
    assert await api.refused("PUT", PATH, json=BODY, headers={"If-Match": '"2"'}) == (412, "RES_003")


REPLACE: dict[str, Any] = {"method": "PUT", "json": {**BODY, "threshold": "60000.00"}}
REPLACE_OTHERWISE: dict[str, Any] = {"method": "PUT", "json": {**BODY, "threshold": "70000.00"}}
WITHDRAW: dict[str, Any] = {"method": "DELETE", "params": {"reason": "closed"}}


@pytest.mark.parametrize(
    ("one", "other"),
    [(REPLACE, REPLACE_OTHERWISE), (REPLACE, WITHDRAW), (WITHDRAW, REPLACE)],
    ids=["two replace", "one replaces, one withdraws", "one withdraws, one replaces"],
)
async def test_of_two_changes_to_the_same_version_the_second_is_refused(
    api: Api, urls: DatabaseUrls, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Both requests have the current version. The publishing lock decides which one comes first."""
    await put(api)
    before = len(await published(api.database))
    async with lock_held(urls) as until_held_up:
        calls = []
        for number, change in enumerate((one, other), 1):
            calls.append(asyncio.ensure_future(api.call(path=PATH, headers={"If-Match": '"1"'}, **change)))
            await until_held_up(number)
    answers = [await call for call in calls]

    [first] = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    overtaken = answers[1 - first]
    assert (overtaken.status_code, overtaken.json()["code"], "etag" in overtaken.headers) == (412, "RES_003", False)
    rule = (await api.call("GET", PATH)).json()["data"]
    assert rule == answers[first].json()["data"]
    assert rule["version"] == 2
    assert [type(message).__name__ for _, message in await published(api.database, but_first=before)] == [
        "PolicyBundlePublished",
        "AuditFactsRecorded",
    ]


async def test_approval_rules_in_force_are_listed_by_name(api: Api) -> None:
    terms: dict[str, dict[str, Any]] = {
        "c-large": {"currency": "NAD", "threshold": "50000.00", "kinds": ["payment", "transfer"], "window": "24h"},
        "a-strange": {
            "currency": "USD",
            "threshold": "0.00",
            "counterparty": str(new_id()),
            "description": "An unknown counterparty",
        },
        "b-gone": {"currency": "NAD", "threshold": "1.00", "role": "user", "window": "1h"},
    }
    usual: dict[str, Any] = {"kinds": [], "role": None, "counterparty": None, "window": None, "description": ""}
    rules = {name: {**usual, **each, "name": name, "version": 1, "is_withdrawn": False} for name, each in terms.items()}
    for name, each in terms.items():
        made = await api.call("PUT", f"/policies/approval-rules/{name}", json={**each, "reason": "resolution 12"})
        assert (made.json()["data"], made.headers["etag"]) == (rules[name], '"1"')
    await api.call("DELETE", "/policies/approval-rules/b-gone", params={"reason": "the desk is closed"})
    rules["b-gone"] |= {"version": 2, "is_withdrawn": True}
    for number, names in enumerate((["a-strange"], ["c-large"], []), start=1):
        page = await api.data("/policies/approval-rules", page=number, per_page=1)
        assert page == {"items": [rules[name] for name in names], "page": number, "per_page": 1, "total": 2}
    for name, rule in rules.items():
        read = await api.call("GET", f"/policies/approval-rules/{name}")
        assert (read.json()["data"], read.headers["etag"]) == (rule, f'"{rule["version"]}"')
