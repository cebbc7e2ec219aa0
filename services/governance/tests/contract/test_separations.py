"""Separations of duties over REST: what they refuse, in roles and in people, and what they leave."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from kernel.ids import new_id
from services.governance.tests.contract.access_api import (
    PAY_AND_APPROVE,
    ask_exception,
    create_role,
    done,
    grant,
    set_separation,
)
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import rows

END = "2026-06-30T22:00:00Z"
PATH = "/access/separations/pay-and-approve"


@pytest.fixture
async def clerks(api: Api) -> Api:
    """Create two roles with one duty each, and separate the duties."""
    await create_role(api, "clerk", "payment:create")
    await create_role(api, "approver", "payment:approve")
    await set_separation(api)
    return api


def wanted(subject: UUID, role: str, **limits: Any) -> dict[str, Any]:
    return {"subject_id": str(subject), "role": role, **{name: str(limit) for name, limit in limits.items()}}


async def refusal(api: Api, subject: UUID, role: str, **limits: Any) -> Any:
    """Ask for a grant that must be refused, and return the details of the error."""
    body = wanted(subject, role, **limits)
    assert await api.refused("POST", "/role-assignments", json=body) == (409, "GOV_007")
    return (await api.call("POST", "/role-assignments", json=body)).json()["details"]


async def conflicts(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.data("/access/separations/pay-and-approve/conflicts", reason="audit 2026"))["items"]
    return found


async def test_nobody_gets_both_duties_by_two_roles(clerks: Api) -> None:
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    assert await refusal(clerks, subject, "approver") == {"separation": "pay-and-approve", "roles": ["approver", "clerk"]}
    assert await refusal(clerks, subject, "approver", organization_id=new_id()) is not None
    other = clerks.subject()
    await grant(clerks, other, "approver")
    assert await refusal(clerks, other, "clerk", ends_at=END) is not None


async def test_nobody_gets_both_duties_by_one_role_that_had_them_before(clerks: Api) -> None:
    """The platform's role `staff` joins them. People who have it keep it; nobody else gets it."""
    assert (await refusal(clerks, clerks.subject(), "staff"))["roles"] == ["staff"]


async def test_an_exempt_role_is_granted(clerks: Api) -> None:
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    await grant(clerks, subject, "admin")


async def test_both_duties_are_separate_in_different_organizations_and_at_different_times(clerks: Api) -> None:
    subject, first, second = clerks.subject(), new_id(), new_id()
    await grant(clerks, subject, "clerk", organization_id=first)
    await grant(clerks, subject, "approver", organization_id=second)
    assert await refusal(clerks, subject, "approver", organization_id=first)
    assert await refusal(clerks, subject, "approver")
    another = clerks.subject()
    await grant(clerks, another, "clerk", ends_at=END)
    await grant(clerks, another, "approver", starts_at=END)
    assert await conflicts(clerks) == []


async def test_a_definition_that_would_join_both_duties_is_refused(clerks: Api) -> None:
    both = {"permissions": ["payment:create", "payment:approve"]}
    for method, path, body, named in (
        ("POST", "/roles", {"name": "both", "title": "Both", **both}, "both"),
        ("POST", "/roles", {"name": "both", "title": "Both", "includes": ["clerk", "approver"]}, "both"),
        ("PUT", "/roles/clerk/permissions", both, "clerk"),
        ("PUT", "/roles/clerk/includes", {"roles": ["approver"]}, "clerk"),
    ):
        headers = {"If-Match": '"1"'}
        assert await clerks.refused(method, path, json=body, headers=headers) == (409, "GOV_007"), path
        details = (await clerks.call(method, path, json=body, headers=headers)).json()["details"]
        assert details == {"separation": "pay-and-approve", "roles": [named]}


async def test_a_definition_that_includes_another_is_looked_at_too(clerks: Api) -> None:
    await create_role(clerks, "office", "payment:create", includes=("guest",))
    answer = await clerks.call(
        "PUT", "/roles/guest/permissions", json={"permissions": ["payment:approve"]}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["details"]["roles"]) == (409, ["office"])


async def test_a_definition_that_would_join_both_duties_in_a_person_is_refused(clerks: Api) -> None:
    subject = clerks.subject()
    await create_role(clerks, "plain")
    await grant(clerks, subject, "clerk")
    await grant(clerks, subject, "plain", organization_id=new_id())
    for path, body in (
        ("/roles/plain/permissions", {"permissions": ["payment:approve"]}),
        ("/roles/plain/includes", {"roles": ["approver"]}),
    ):
        answer = await clerks.call("PUT", path, json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 409, path
        assert answer.json()["details"] == {
            "separation": "pay-and-approve",
            "roles": ["plain"],
            "people": [str(subject)],
        }
    assert (await clerks.data("/roles/plain"))["version"] == 1


async def test_what_was_joined_before_stays_and_is_listed(api: Api) -> None:
    subject = api.subject()
    await grant(api, subject, "staff")
    await set_separation(api)
    (conflict,) = await conflicts(api)
    assert conflict == {
        "separation": "pay-and-approve",
        "subject_id": str(subject),
        "first_role": "staff",
        "second_role": "staff",
        "organization_id": None,
        "ends_at": None,
    }
    # The role can be changed, as long as it joins nothing more.
    changed = [*(await api.data("/roles/staff"))["permissions"], "report:generate"]
    await done(await api.call("PUT", "/roles/staff/permissions", json={"permissions": changed}, headers={"If-Match": '"2"'}))
    await grant(api, subject, "guest")


async def test_a_separation_is_replaced_and_withdrawn_by_its_version(clerks: Api) -> None:
    first = await clerks.data(PATH)
    assert (first["version"], first["exempt_roles"]) == (1, ["admin"])
    body = {**PAY_AND_APPROVE, "exempt_roles": ["staff", "admin"]}
    assert await clerks.refused("PUT", PATH, json=body) == (409, "RES_002")
    assert await clerks.refused("PUT", PATH, json=body, headers={"If-Match": '"7"'}) == (412, "RES_003")
    second = await done(await clerks.call("PUT", PATH, json=body, headers={"If-Match": '"1"'}))
    assert (second["version"], second["exempt_roles"]) == (2, ["admin", "staff"])
    await grant(clerks, clerks.subject(), "staff")
    withdrawn = await done(await clerks.call("DELETE", PATH, params={"reason": "not needed"}))
    assert (withdrawn["is_withdrawn"], (await clerks.data("/access/separations"))["total"]) == (True, 0)
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    await grant(clerks, subject, "approver")
    assert (await set_separation(clerks))["version"] == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"first": "payment"}, "first"),
        ({"first": "vault:open"}, "first"),
        ({"second": "vault:open"}, "second"),
        ({"second": "payment:create"}, "second"),
        ({"exempt_roles": ["emperor"]}, "exempt_roles"),
        ({"exempt_roles": ["Emperor"]}, "exempt_roles.0"),
        ({"reason": "x"}, "reason"),
    ],
)
async def test_a_malformed_separation_is_refused_with_the_place(api: Api, body: dict[str, Any], field: str) -> None:
    response = await api.call("PUT", PATH, json={**PAY_AND_APPROVE, **body})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])


async def test_both_duties_granted_at_once_leave_one(clerks: Api) -> None:
    for _ in range(5):
        subject = clerks.subject()
        answers = await asyncio.gather(
            *(clerks.call("POST", "/role-assignments", json=wanted(subject, role)) for role in ("clerk", "approver"))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await rows(clerks.database, "SELECT FROM duty_conflicts") == []


async def test_an_exception_permits_what_ends_within_it(clerks: Api) -> None:
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    exception = await ask_exception(clerks, "pay-and-approve", subject, expires_at=END)
    assert await refusal(clerks, subject, "approver", ends_at=END)
    approver = clerks.subject()
    await grant(clerks, approver, "admin")
    headers = clerks.forge.headers(approver, roles=("admin",))
    path = f"/access/separation-exceptions/{exception['id']}/approve"
    await done(await clerks.call("POST", path, roles=None, headers=headers, json={}))
    assert await refusal(clerks, subject, "approver")
    assert await refusal(clerks, subject, "approver", ends_at="2026-06-30T22:00:01Z")
    granted = await grant(clerks, subject, "approver", ends_at=END)
    (conflict,) = await conflicts(clerks)
    assert (conflict["subject_id"], conflict["ends_at"]) == (str(subject), granted["ends_at"])
