"""Who may do what, why, and what a change would do, over REST."""

from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done, grant, set_separation
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import person
from services.governance.tests.stored import assigned, join, organized

END = "2026-06-30T22:00:00Z"
WHY = {"reason": "audit 2026"}
SERVICE = Actor.service("governance")


async def explained(api: Api, subject: UUID, permission: str = "payment:approve", **limits: Any) -> tuple[bool, str]:
    found = await api.data("/access/explain", subject_id=str(subject), permission=permission, **limits)
    assert found["explanation"]
    return found["allowed"], found["because"]


async def test_all_permissions_of_a_person_are_shown_with_every_way(api: Api, clock: ControlledClock) -> None:
    subject, organization = api.subject(), await organized(api.database)
    await create_role(api, "manager", "audit:view", includes=("staff",))
    held = await grant(api, subject, "manager")
    scoped = await grant(api, subject, "staff", organization_id=organization, starts_at="2026-04-01T00:00:00Z", ends_at=END)
    await join(api.database, organization, subject, at=clock.now())

    found = await api.data(f"/access/users/{subject}")

    assert (found["is_able"], found["organizations"]) == (True, [str(organization)])
    ways = {each["permission"]: each["paths"] for each in found["permissions"]}
    everywhere = {"assignment_id": held["id"], "organization_id": None, "team_id": None, "starts_at": None, "ends_at": None}
    within = {
        "assignment_id": scoped["id"],
        "organization_id": str(organization),
        "team_id": None,
        "starts_at": "2026-04-01T00:00:00Z",
        "ends_at": END,
    }
    assert ways["payment:approve"] == [
        {"roles": ["manager", "staff"], **everywhere},
        {"roles": ["staff"], **within},
    ]
    assert ways["audit:view"] == [{"roles": ["manager"], **everywhere}, {"roles": ["staff"], **within}]
    assert list(ways) == sorted(ways)


async def test_everybody_sees_their_own_access_and_no_other(api: Api) -> None:
    customer, other = person(api), person(api)
    scoped = await grant(api, customer.id, "staff", organization_id=await organized(api.database))
    found = await customer.data(f"/access/users/{customer.id}")
    ways = {path["assignment_id"] for each in found["permissions"] for path in each["paths"]}
    assert ways == {None, scoped["id"]}
    assert await other.refused("GET", f"/access/users/{customer.id}") == (403, "ACC_001")


async def test_a_person_without_assignments_has_the_default_role(api: Api) -> None:
    found = await api.data(f"/access/users/{api.subject()}")
    assert [each["permission"] for each in found["permissions"]] == ["payment:create", "user:read"]
    assert {path["assignment_id"] for each in found["permissions"] for path in each["paths"]} == {None}


async def test_a_decision_is_explained_in_each_case(api: Api, clock: ControlledClock) -> None:
    subject, organization = api.subject(), await organized(api.database)
    assert await explained(api, subject) == (False, "no_role")
    await grant(api, subject, "staff", organization_id=organization)
    assert await explained(api, subject) == (False, "other_organization")
    assert await explained(api, subject, organization_id=str(new_id())) == (False, "other_organization")
    assert await explained(api, subject, organization_id=str(organization)) == (True, "permitted")
    dated = api.subject()
    await grant(api, dated, "staff", starts_at="2026-04-01T00:00:00Z", ends_at=END)
    steps = [await explained(api, dated)]
    for days in (20, 100):
        clock.advance(days=days)
        await api.refresher.refresh()
        steps.append(await explained(api, dated))
    assert steps == [(False, "not_yet"), (True, "permitted"), (False, "ended")]
    suspended = api.subject()
    await grant(api, suspended, "staff")
    await api.governance.standings.follow_standing(actor=SERVICE, subject_id=suspended, is_able=False, version=1)
    assert await explained(api, suspended) == (False, "unable")
    assert not (await api.data(f"/access/users/{suspended}"))["is_able"]


async def test_a_question_about_an_unknown_permission_is_refused(api: Api) -> None:
    asked = {"subject_id": str(api.subject()), "permission": "vault:open"}
    assert await api.refused("GET", "/access/explain", params=asked) == (422, "VAL_001")
    assert await api.refused("GET", "/access/who-can", params={**WHY, "permission": "vault:open"}) == (422, "VAL_001")


async def test_the_people_who_may_do_something_are_listed_by_place_and_time(api: Api, clock: ControlledClock) -> None:
    organization = await organized(api.database)
    await create_role(api, "manager", includes=("staff",))
    everywhere, manager, scoped, dated, later, unable = [api.subject() for _ in range(6)]
    await grant(api, everywhere, "staff")
    await grant(api, manager, "manager")
    await grant(api, scoped, "staff", organization_id=organization)
    await grant(api, dated, "staff", ends_at=END)
    await grant(api, later, "staff", starts_at=END)
    await grant(api, unable, "staff")
    await api.governance.standings.follow_standing(actor=SERVICE, subject_id=unable, is_able=False, version=1)

    async def who(**asked: str) -> dict[str, str]:
        found = await api.data("/access/who-can", permission="payment:approve", **WHY, **asked)
        return {each["subject_id"]: each["role"] for each in found["items"]}

    admin = {str(api.admin_id): "admin"}
    now = {str(everywhere): "staff", str(manager): "manager", str(dated): "staff", **admin}
    assert await who() == now
    assert await who(organization_id=str(new_id())) == now
    assert await who(organization_id=str(organization)) == {**now, str(scoped): "staff"}
    clock.advance(days=120)
    await api.refresher.refresh()
    assert await who() == {str(everywhere): "staff", str(manager): "manager", str(later): "staff", **admin}


async def preview(api: Api, change: str, subject: UUID, role: str, **limits: str) -> Any:
    asked = {"change": change, "subject_id": str(subject), "role": role, **limits}
    return await api.data("/access/preview", **asked)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["permission"] for each in found]


async def test_a_grant_is_previewed_and_changes_nothing(api: Api) -> None:
    subject = api.subject()
    await grant(api, subject, "user")
    found = await preview(api, "grant", subject, "staff")
    assert (names(found["lost"]), found["refusal"]) == ([], None)
    staff = (await api.data("/roles/staff"))["effective_permissions"]
    assert names(found["gained"]) == sorted(set(staff) - {"payment:create", "user:read"})
    assert (await api.data(f"/role-assignments/{subject}"))["roles"] == ["user"]
    await grant(api, subject, "staff")
    assert (await preview(api, "grant", subject, "staff"))["gained"] == []
    scoped = await preview(api, "grant", subject, "admin", organization_id=str(await organized(api.database)))
    assert scoped["refusal"] is None
    assert "payment:approve" not in names(scoped["gained"])
    assert "role:manage" in names(scoped["gained"])


async def test_a_revocation_is_previewed_with_what_other_roles_still_permit(api: Api) -> None:
    subject = api.subject()
    await grant(api, subject, "user")
    await grant(api, subject, "staff")
    found = await preview(api, "revoke", subject, "staff")
    assert "payment:create" not in names(found["lost"])
    assert "payment:approve" in names(found["lost"])
    assert found["gained"] == []
    await done(await api.call("DELETE", f"/role-assignments/{subject}/staff"))
    assert (await preview(api, "revoke", subject, "staff"))["lost"] == []


async def test_a_preview_says_why_a_change_would_be_refused(api: Api) -> None:
    await set_separation(api)
    refusals = [
        (await preview(api, "revoke", api.admin_id, "admin"))["refusal"],
        (await preview(api, "grant", api.admin_id, "staff"))["refusal"],
        (await preview(api, "grant", api.subject(), "emperor"))["refusal"],
        (await preview(api, "grant", new_id(), "staff"))["refusal"],
        (await preview(api, "grant", api.subject(), "staff"))["refusal"],
    ]
    assert [each["code"] for each in refusals] == ["GOV_002", "ACC_002", "VAL_001", "RES_001", "GOV_007"]
    assert refusals[-1]["details"] == {"separation": "view-and-approve", "roles": ["staff"]}
    assert all(each["error"] for each in refusals)


async def test_a_previewed_change_is_what_happens(api: Api) -> None:
    """For each role, what the preview says is the difference of the access before and after."""
    for role in ("admin", "staff", "user", "guest"):
        subject = api.subject()
        await assigned(api.database, subject, "user")
        before = set(names((await api.data(f"/access/users/{subject}"))["permissions"]))
        previewed = await preview(api, "grant", subject, role)
        await grant(api, subject, role)
        after = set(names((await api.data(f"/access/users/{subject}"))["permissions"]))
        assert (set(names(previewed["gained"])), set(names(previewed["lost"]))) == (after - before, before - after)


@pytest.mark.parametrize("params", [{"change": "keep"}, {"role": "Emperor!"}, {"ends_at": "tomorrow"}])
async def test_a_malformed_question_is_refused(api: Api, params: dict[str, str]) -> None:
    asked = {"change": "grant", "subject_id": str(api.subject()), "role": "staff", **params}
    assert await api.refused("GET", "/access/preview", params=asked) == (422, "VAL_001")


async def test_an_explanation_names_the_policies_about_it(api: Api) -> None:
    subject = api.subject()
    await grant(api, subject, "staff")
    asked = {"subject_id": str(subject), "permission": "document:view"}
    found = await api.data("/access/explain", **asked)
    [restriction] = found["restrictions"]
    assert (found["allowed"], restriction["policy"]) == (True, "classified-documents")
    assert restriction["sentence"].endswith("only with the role admin, if it is marked classified.")
    assert (await api.data("/access/explain", **{**asked, "permission": "payment:approve"}))["restrictions"] == []
