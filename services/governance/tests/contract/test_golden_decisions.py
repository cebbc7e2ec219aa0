"""Golden decisions over REST."""

from typing import Any

import pytest

from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api

GOLDEN: dict[str, Any] = {
    "description": "Customers pay small amounts",
    "permission": "payment:create",
    "roles": ["user"],
    "attributes": {"owner": "00000000-0000-4000-8000-000000000001"},
    "facts": {"amount": "5.00", "currency": "NAD", "minute_of_day": 120, "ip": "2001:db8::1", "two_factors": False},
    "is_allowed": True,
    "reason": "resolution 12",
}
PATH = "/policies/golden-decisions/customers-pay"


async def test_a_golden_decision_is_set_read_replaced_and_removed(api: Api) -> None:
    made = await done(await api.call("PUT", PATH, json=GOLDEN))
    assert made == {**{name: value for name, value in GOLDEN.items() if name != "reason"}, "name": "customers-pay", "version": 1}
    assert await api.data(PATH) == made
    assert "customers-pay" in [each["name"] for each in (await api.data("/policies/golden-decisions"))["items"]]
    assert await api.refused("PUT", PATH, json=GOLDEN) == (409, "RES_002")
    changed = await api.call("PUT", PATH, json={**GOLDEN, "roles": ["staff"]}, headers={"If-Match": '"1"'})
    assert (changed.json()["data"]["roles"], changed.headers["etag"]) == (["staff"], '"2"')
    stale = await api.refused("DELETE", PATH, params={"reason": "old"}, headers={"If-Match": '"1"'})
    assert stale == (412, "RES_003")
    await done(await api.call("DELETE", PATH, params={"reason": "old"}))
    assert await api.refused("GET", PATH) == (404, "RES_001")
    assert await api.refused("DELETE", PATH, params={"reason": "old"}) == (404, "RES_001")


async def test_it_must_be_what_the_policies_in_force_decide(api: Api) -> None:
    wrong = {**GOLDEN, "roles": ["guest"]}
    assert await api.refused("PUT", PATH, json=wrong) == (409, "GOV_018")
    await done(await api.call("PUT", PATH, json={**wrong, "is_allowed": False}))


async def test_those_that_are_shipped_hold(api: Api) -> None:
    listed = (await api.data("/policies/golden-decisions"))["items"]
    assert [each["name"] for each in listed] == [
        "admins-manage-policies",
        "admins-manage-roles",
        "guests-pay-nothing",
        "staff-manage-no-roles",
        "staff-see-nothing-classified",
        "users-approve-nothing",
    ]
    report = await api.call(
        "POST", "/policies/changes/preview", json={"items": [{"policy": "own-wallets", "version": 1, "mode": "enforced"}]}
    )
    assert (await done(report))["broken"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"permission": "moon:walk"}, "permission"),
        ({"roles": ["ghost"]}, "roles.0"),
        ({"facts": {"colour": "red"}}, "facts.colour"),
        ({"facts": {"amount": "5"}}, "facts.amount"),
        ({"facts": {"amount": 5}}, "facts.amount"),
        ({"facts": {"minute_of_day": "120"}}, "facts.minute_of_day"),
        ({"facts": {"minute_of_day": True}}, "facts.minute_of_day"),
        ({"facts": {"two_factors": 1}}, "facts.two_factors"),
        ({"facts": {"ip": "localhost"}}, "facts.ip"),
        ({"facts": {"now": "2026-03-21"}}, "facts.now"),
        ({"attributes": {"classification": "secret"}}, "attributes.classification"),
        ({"attributes": {"teams": "one"}}, "attributes.teams"),
        ({"attributes": {"owner": 7}}, "attributes.owner"),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_told_where(api: Api, wrong: dict[str, Any], field: str) -> None:
    assert await api.refused("PUT", PATH, json={**GOLDEN, **wrong}) == (422, "VAL_001")
    answer = (await api.call("PUT", PATH, json={**GOLDEN, **wrong})).json()
    assert [each["field"] for each in answer["errors"]] == [field]
