"""Approval rules as REST clients meet them."""

import httpx
import pytest

from services.governance.tests.contract.api import Api

PATH = "/policies/approval-rules/large-payments"
BODY = {
    "currency": "NAD",
    "threshold": "50000",
    "kinds": ["payment", "transfer"],
    "role": "user",
    "counterparty": "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10",
    "description": "Large payments need two",
    "reason": "resolution 12",
}


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

    assert (await put(api, {**BODY, "threshold": "60000.00"})).status_code == 409
    assert (await put(api, {**BODY, "threshold": "60000.00"}, '"9"')).status_code == 412
    replaced = await put(api, {"currency": "ELC", "threshold": "0.0001", "reason": "another"}, '"1"')
    assert (replaced.status_code, replaced.json()["data"]["threshold"]) == (200, "0.00010000")

    policies = (await api.call("GET", "/policies/current")).json()["data"]["policies"]
    assert '@id("approval:large-payments")\n@currency("ELC")\n@threshold("0.0001")' in policies
    listed = (await api.call("GET", "/policies/approval-rules")).json()["data"]
    assert ([item["name"] for item in listed["items"]], listed["total"]) == (["large-payments"], 1)

    for _ in range(2):
        gone = await api.call("DELETE", PATH, params={"reason": "desk closed"})
        assert (gone.status_code, gone.json()["data"]["is_withdrawn"]) == (200, True)
    assert (await api.call("GET", "/policies/approval-rules")).json()["data"]["total"] == 0
    assert (await api.call("GET", PATH)).json()["data"]["version"] == 3
    assert await api.governance.queries.current_version() == 4


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EUR"},
        {"currency": None},
        {"threshold": "-1"},
        {"threshold": 50000},
        {"threshold": "1e5"},
        {"threshold": "0.001"},
        {"kinds": ['x"]']},
        {"kinds": ["a"] * 11},
        {"role": "emperor"},
        {"counterparty": "somebody"},
        {"reason": ""},
        {"extra": 1},
    ],
)
async def test_a_bad_rule_writes_nothing(api: Api, change: dict[str, object]) -> None:
    response = await put(api, {**BODY, **change})
    assert response.status_code == 422, response.text
    assert (await api.call("GET", "/policies/approval-rules")).json()["data"]["total"] == 0
    assert await api.governance.queries.current_version() == 1


async def test_what_is_not_there(api: Api) -> None:
    assert (await api.call("GET", PATH)).status_code == 404
    assert (await api.call("DELETE", PATH, params={"reason": "none"})).status_code == 404
    assert (await api.call("GET", "/policies/approval-rules/Big")).status_code == 422
