"""Separations of duties over REST: what they refuse, in roles and in people, and what they leave."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from kernel.actor import Actor
from services.governance.tests.contract.access_api import (
    VIEW_AND_APPROVE,
    ask_exception,
    create_role,
    done,
    grant,
    set_separation,
)
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import organized, rows

END = "2026-06-30T22:00:00Z"
SERVICE = Actor.service("governance")
PATH = "/access/separations/view-and-approve"


@pytest.fixture
async def clerks(api: Api) -> Api:
    """Create two roles with one duty each, and separate the duties."""
    await create_role(api, "clerk", "audit:view")
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
    found: list[dict[str, Any]] = (await api.data("/access/separations/view-and-approve/conflicts", reason="audit 2026"))["items"]
    return found


async def test_nobody_gets_both_duties_by_two_roles(clerks: Api) -> None:
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    assert await refusal(clerks, subject, "approver") == {"separation": "view-and-approve", "roles": ["approver", "clerk"]}
    assert await refusal(clerks, subject, "approver", organization_id=await organized(clerks.database)) is not None
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
    subject = clerks.subject()
    first, second = [await organized(clerks.database) for _ in range(2)]
    await grant(clerks, subject, "clerk", organization_id=first)
    await grant(clerks, subject, "approver", organization_id=second)
    assert await refusal(clerks, subject, "approver", organization_id=first)
    assert await refusal(clerks, subject, "approver")
    another = clerks.subject()
    await grant(clerks, another, "clerk", ends_at=END)
    await grant(clerks, another, "approver", starts_at=END)
    assert await conflicts(clerks) == []


async def test_a_definition_that_would_join_both_duties_is_refused(clerks: Api) -> None:
    both = {"permissions": ["audit:view", "payment:approve"]}
    for method, path, body, named in (
        ("POST", "/roles", {"name": "both", "title": "Both", **both}, "both"),
        ("POST", "/roles", {"name": "both", "title": "Both", "includes": ["clerk", "approver"]}, "both"),
        ("PUT", "/roles/clerk/permissions", both, "clerk"),
        ("PUT", "/roles/clerk/includes", {"roles": ["approver"]}, "clerk"),
    ):
        headers = {"If-Match": '"1"'}
        assert await clerks.refused(method, path, json=body, headers=headers) == (409, "GOV_007"), path
        details = (await clerks.call(method, path, json=body, headers=headers)).json()["details"]
        assert details == {"separation": "view-and-approve", "roles": [named]}


async def test_a_definition_that_includes_another_is_looked_at_too(clerks: Api) -> None:
    await create_role(clerks, "office", "audit:view", includes=("guest",))
    answer = await clerks.call(
        "PUT", "/roles/guest/permissions", json={"permissions": ["payment:approve"]}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["details"]["roles"]) == (409, ["office"])


async def test_a_definition_that_would_join_both_duties_in_a_person_is_refused(clerks: Api) -> None:
    subject = clerks.subject()
    await create_role(clerks, "plain")
    await grant(clerks, subject, "clerk")
    await grant(clerks, subject, "plain", organization_id=await organized(clerks.database))
    for path, body in (
        ("/roles/plain/permissions", {"permissions": ["payment:approve"]}),
        ("/roles/plain/includes", {"roles": ["approver"]}),
    ):
        answer = await clerks.call("PUT", path, json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 409, path
        assert answer.json()["details"] == {
            "separation": "view-and-approve",
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
        "separation": "view-and-approve",
        "subject_id": str(subject),
        "first_role": "staff",
        "second_role": "staff",
        "organization_id": None,
        "ends_at": None,
    }
    # The role can be changed, as long as it joins nothing more.
    changed = [*(await api.data("/roles/staff"))["permissions"], "report:generate"]
    await done(await api.call("PUT", "/roles/staff/permissions", json={"permissions": changed}, headers={"If-Match": '"4"'}))
    await grant(api, subject, "guest")


async def test_a_separation_is_replaced_and_withdrawn_by_its_version(clerks: Api) -> None:
    first = await clerks.data(PATH)
    assert (first["version"], first["exempt_roles"]) == (1, ["admin"])
    body = {**VIEW_AND_APPROVE, "exempt_roles": ["staff", "admin"]}
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
        ({"second": "audit:view"}, "second"),
        ({"exempt_roles": ["emperor"]}, "exempt_roles"),
        ({"exempt_roles": ["Emperor"]}, "exempt_roles.0"),
        ({"reason": "x"}, "reason"),
    ],
)
async def test_a_malformed_separation_is_refused_with_the_place(api: Api, body: dict[str, Any], field: str) -> None:
    response = await api.call("PUT", PATH, json={**VIEW_AND_APPROVE, **body})
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
    exception = await ask_exception(clerks, "view-and-approve", subject, expires_at=END)
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


async def approved(api: Api, separation: str, subject: UUID, expires_at: str = END) -> Any:
    """Ask for an exception, and approve it as another administrator."""
    exception = await ask_exception(api, separation, subject, expires_at=expires_at)
    officer = api.subject()
    await grant(api, officer, "admin")
    headers = api.forge.headers(officer, roles=("admin",))
    path = f"/access/separation-exceptions/{exception['id']}/approve"
    return await done(await api.call("POST", path, roles=None, headers=headers, json={}))


async def test_no_exception_permits_a_grant_without_an_end(clerks: Api) -> None:
    """Also if the other duty ends within the exception."""
    subject = clerks.subject()
    await grant(clerks, subject, "approver", ends_at=END)
    await approved(clerks, "view-and-approve", subject)
    assert await refusal(clerks, subject, "clerk")


async def test_a_grant_that_two_exceptions_permit_ends_with_each(clerks: Api) -> None:
    await set_separation(clerks, "view-and-issue", second="treasury:issue")
    await create_role(clerks, "both", "treasury:issue", "payment:approve")
    for ended in range(2):
        subject = clerks.subject()
        await grant(clerks, subject, "clerk")
        exceptions = [await approved(clerks, name, subject) for name in ("view-and-approve", "view-and-issue")]
        await grant(clerks, subject, "both", ends_at=END)
        path = f"/access/separation-exceptions/{exceptions[ended]['id']}/end"
        await done(await clerks.call("POST", path, json={"reason": "not needed any more"}))
        assert [each["role"] for each in (await clerks.data(f"/role-assignments/{subject}"))["assignments"]] == ["clerk"]


async def test_an_exception_is_about_the_duties_for_which_it_was_asked(clerks: Api) -> None:
    subject = clerks.subject()
    await grant(clerks, subject, "clerk")
    await approved(clerks, "view-and-approve", subject)
    await create_role(clerks, "issuer", "treasury:issue")
    body = {**VIEW_AND_APPROVE, "second": "treasury:issue"}
    await done(await clerks.call("PUT", PATH, json=body, headers={"If-Match": '"1"'}))
    assert await refusal(clerks, subject, "issuer", ends_at=END)


async def test_the_default_role_of_people_without_roles_counts(api: Api) -> None:
    """They have it until their first role is granted, or will get it by their registration."""
    await create_role(api, "approver", "payment:approve")
    await set_separation(api, first="payment:create")
    subject = api.subject()
    for limits in ({}, {"ends_at": END}):
        assert (await refusal(api, subject, "approver", **limits))["roles"] == ["approver", "user"]
    await api.governance.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)
    await done(await api.call("DELETE", f"/role-assignments/{subject}/user"))
    await grant(api, subject, "approver")


async def test_many_conflicts_of_one_separation_do_not_hide_another(api: Api) -> None:
    subject = api.subject()
    await create_role(api, "reader", "audit:view", "audit:export")
    await create_role(api, "issuer", "treasury:issue")
    for day in range(10, 15):
        await grant(api, subject, "reader", ends_at=f"2026-06-{day}T00:00:00Z")
    await grant(api, subject, "issuer")
    await set_separation(api, "aa", first="audit:view", second="audit:export")
    await set_separation(api, "zz", first="report:generate", second="treasury:issue")
    body = {"permissions": ["audit:view", "audit:export", "report:generate"]}
    answer = await api.call("PUT", "/roles/reader/permissions", json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["details"]["people"]) == (409, [str(subject)])
