"""Who runs access reviews, and who decides which line: nobody about themselves, and nobody whom they have chosen."""

from typing import Any

from sqlalchemy import text

from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from elcorp.platform.v1.events_pb2 import NoticeRequested
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import add_member, create_organization, person
from services.governance.tests.contract.reviews_api import (
    DEADLINE,
    WHY,
    company,
    decide,
    facts,
    lines,
    number_of,
    report_to,
    start,
)
from services.governance.tests.stored import rows, sent

_SET_MANAGER = text("UPDATE memberships SET manager_id = :manager, platform_manager_id = :manager WHERE subject_id = :subject")


async def test_managers_see_and_decide_the_lines_of_their_people_alone(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    theirs = await lines(at.manager, review)
    assert {line["subject_id"] for line in theirs} == {str(clerk.id) for clerk in at.subordinates}
    assert [each["id"] for each in (await at.manager.data("/access/reviews"))["items"]] == [review["id"]]

    kept, withdrawn = (line["number"] for line in theirs)
    decided = await decide(at.manager, review, keep=[kept], withdraw=[withdrawn])
    assert [(line["number"], line["outcome"], line["capacity"]) for line in decided] == [
        (kept, "kept", "manager"),
        (withdrawn, "withdrawn", "manager"),
    ]
    assert {line["decided_by"] for line in decided} == {str(at.manager.id)}

    path, body = f"/access/reviews/{review['id']}/decisions", {"reason": WHY}
    for other in (at.manager, at.alone):
        number = await number_of(api, review, other)
        assert await at.manager.refused("POST", path, json={**body, "keep": [number]}) == (404, "RES_001")
    for stranger in (person(api), at.alone, at.subordinates[0]):
        for asked in ("", "/lines", "/report"):
            assert await stranger.refused("GET", f"/access/reviews/{review['id']}{asked}") == (404, "RES_001")
        assert await stranger.refused("POST", path, json={**body, "keep": [kept]}) == (404, "RES_001")
        assert (await stranger.data("/access/reviews"))["items"] == []


async def test_nobody_decides_about_their_own_access(api: Api) -> None:
    at = await company(api)
    api.subjects.active.add(api.admin_id)
    await add_member(api, at.id, api.admin_id, "staff")
    review = await start(api, organization_id=at.id)
    own = await number_of(api, review, api.admin_id)
    path = f"/access/reviews/{review['id']}/decisions"
    for decision in ("keep", "withdraw"):
        assert await api.refused("POST", path, json={decision: [own], "reason": WHY}) == (403, "ACC_002")


async def test_managers_of_the_start_decide_for_as_long_as_they_are_managers(api: Api) -> None:
    """A person under review cannot choose who decides."""
    at = await company(api)
    review = await start(api, organization_id=at.id)
    clerk = at.subordinates[0]
    number = await number_of(api, review, clerk)
    await report_to(api, at.id, clerk, at.alone)
    body = {"keep": [number], "reason": WHY}
    path = f"/access/reviews/{review['id']}/decisions"
    for manager in (at.manager, at.alone):
        assert await manager.refused("POST", path, json=body) == (404, "RES_001")
    assert (await lines(api, review, unmanaged="true", subject_id=str(clerk.id)))[0]["managers"] == []
    await report_to(api, at.id, clerk, at.manager)
    (decided,) = await decide(at.manager, review, keep=[number])
    assert (decided["outcome"], decided["capacity"]) == ("kept", "manager")


async def test_roles_of_the_platform_are_reviewed_by_managers_of_internal_organizations(api: Api) -> None:
    internal, merchant = await company(api, "internal"), await company(api, "merchant")
    for employee in (internal.subordinates[0], merchant.subordinates[0]):
        await grant(api, employee.id, "staff")
    review = await start(api, roles=["staff"])
    listed = {line["subject_id"]: line for line in await lines(api, review)}
    assert listed.keys() == {str(internal.subordinates[0].id), str(merchant.subordinates[0].id)}
    assert listed[str(internal.subordinates[0].id)]["managers"] == [str(internal.manager.id)]
    assert listed[str(merchant.subordinates[0].id)]["managers"] == []

    number = listed[str(merchant.subordinates[0].id)]["number"]
    path, body = f"/access/reviews/{review['id']}/decisions", {"withdraw": [number], "reason": WHY}
    assert await merchant.manager.refused("POST", path, json=body) == (404, "RES_001")
    before = len(await sent(api.database, SubjectRolesChanged))
    await decide(internal.manager, review, withdraw=[listed[str(internal.subordinates[0].id)]["number"]])
    (changed,) = (await sent(api.database, SubjectRolesChanged))[before:]
    assert (changed.subject_id, list(changed.roles)) == (str(internal.subordinates[0].id), [])
    (kept,) = await decide(api, review, keep=[number])
    assert (kept["outcome"], kept["capacity"]) == ("kept", "administrator")


async def test_withdrawing_from_the_last_administrator_is_refused(api: Api) -> None:
    internal = await company(api, "internal", role="staff")
    api.subjects.active.add(api.admin_id)
    await add_member(api, internal.id, api.admin_id)
    # By another administrator, who has left.
    async with api.database.under(PLATFORM).session() as session, session.begin():
        await session.execute(_SET_MANAGER, {"manager": internal.manager.id, "subject": api.admin_id})
    review = await start(api, roles=["admin"])
    body = {"withdraw": [1], "reason": WHY}
    assert await internal.manager.refused("POST", f"/access/reviews/{review['id']}/decisions", json=body) == (409, "GOV_002")


async def test_administrators_of_an_organization_run_its_campaigns_and_no_others(api: Api, clock: ControlledClock) -> None:
    at, other = await company(api), await company(api)
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin", "staff")
    await api.refresher.refresh()
    body = {"title": "Ours", "deadline": DEADLINE, "reason": WHY, "organization_id": at.id}
    review = await done(await chief.call("POST", "/access/reviews", json=body))
    for filters in ({}, {"organization_id": at.id}):
        assert [each["id"] for each in (await chief.data("/access/reviews", **filters))["items"]] == [review["id"]]
    unmanaged = await lines(chief, review, unmanaged="true")
    assert {line["subject_id"] for line in unmanaged} == {str(each.id) for each in (at.manager, at.alone, chief)} - {""}
    number = await number_of(api, review, at.alone)
    (decided,) = await decide(chief, review, withdraw=[number])
    assert decided["capacity"] == "administrator"

    elsewhere = await start(api, organization_id=other.id)
    everywhere = await start(api)
    for each in (elsewhere, everywhere):
        assert await chief.refused("GET", f"/access/reviews/{each['id']}") == (404, "RES_001")
        assert await chief.refused("POST", f"/access/reviews/{each['id']}/cancel", json={"reason": WHY}) == (404, "RES_001")
    assert await chief.refused("POST", "/access/reviews", json={**body, "organization_id": other.id}) == (404, "RES_001")
    assert await chief.refused("POST", "/access/reviews", json={**body, "organization_id": None}) == (403, "ACC_001")
    assert await at.manager.refused("POST", "/access/reviews", json=body) == (403, "ACC_001")


async def test_a_campaign_is_started_by_a_person_with_authority_over_everybody_in_it(api: Api) -> None:
    at = await company(api)
    await create_role(api, "auditor", "audit:view", "report:generate")
    await add_member(api, at.id, (auditor := person(api)).id, "auditor")
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin", "staff")
    await api.refresher.refresh()
    body = {"title": "Ours", "deadline": DEADLINE, "reason": WHY, "organization_id": at.id}
    # Also for a role that the chief has: at the deadline, the campaign would withdraw it from people beyond the chief.
    refused = await chief.call("POST", "/access/reviews", json={**body, "roles": ["auditor"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "ACC_003")
    await done(await chief.call("POST", "/access/reviews", json={**body, "roles": ["staff"]}))
    await add_member(api, at.id, (clerk := person(api)).id, "organization-admin")
    assert clerk.id != auditor.id


async def test_those_under_review_do_not_cancel_it(api: Api) -> None:
    """Cancelling keeps what it lists."""
    at = await company(api)
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin")
    await create_role(api, "role-clerk", "role:manage", "organization:read_any")
    await grant(api, (clerk := person(api)).id, "role-clerk")
    await grant(api, (second := person(api)).id, "admin")
    await api.refresher.refresh()
    review = await start(api, organization_id=at.id)
    path, body = f"/access/reviews/{review['id']}/cancel", {"reason": WHY}
    assert await chief.refused("POST", path, json=body) == (403, "ACC_001")
    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "role-clerk")), "roles": None}
    assert await api.refused("POST", path, json=body, **signed) == (403, "ACC_003")

    # Another administrator, who has an open line in a review of administrators, and none in that of the organization.
    signed = {"headers": api.forge.headers(second.id, roles=("user", "admin")), "roles": None}
    administrators = await start(api, roles=["admin"])
    refused = await api.refused("POST", f"/access/reviews/{administrators['id']}/cancel", json=body, **signed)
    assert refused == (403, "ACC_002")
    await done(await api.call("POST", path, json=body, **signed))
    (informed,) = await sent(api.database, NoticeRequested)
    assert (informed.template, informed.person_id) == ("governance.access_review_cancelled", str(api.admin_id))


async def test_an_administrator_decides_about_people_whom_they_have_authority_over(api: Api) -> None:
    await create_role(api, "role-clerk", "role:manage")
    await grant(api, (clerk := person(api)).id, "role-clerk")
    await grant(api, api.subject(), "staff")
    await api.refresher.refresh()
    review = await start(api, roles=["staff", "admin"])
    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "role-clerk")), "roles": None}
    for number in (1, 2):
        for decision in ("keep", "withdraw"):
            body = {decision: [number], "reason": WHY}
            response = await api.call("POST", f"/access/reviews/{review['id']}/decisions", json=body, **signed)
            assert (response.status_code, response.json()["code"]) == (403, "ACC_003")
            assert response.json()["details"] == {"line": number}


async def test_administrators_of_the_start_decide(api: Api) -> None:
    """By whatever way others have become administrators since: a person under review would choose who decides, or cancels."""
    organization = (await create_organization(api))["id"]
    chief, deputy = person(api), person(api)
    await add_member(api, organization, chief.id, "organization-admin")
    await add_member(api, organization, deputy.id)
    await create_role(api, "clerk")
    await grant(api, (clerk := person(api)).id, "clerk")
    await grant(api, (officer := person(api)).id, "admin")
    await api.refresher.refresh()
    review, platform = await start(api, organization_id=organization), await start(api, roles=["admin"])
    path = f"/organizations/{organization}/members/{deputy.id}/roles"
    await done(await chief.call("PUT", path, json={"roles": ["organization-admin"], "reason": WHY}))
    version = (await api.call("GET", "/roles/clerk")).headers["etag"]
    await done(await api.call("PUT", "/roles/clerk/includes", json={"roles": ["admin"]}, headers={"If-Match": version}))
    await api.refresher.refresh()

    # A manager whom the administrators set since has no say either.
    member = f"/organizations/{organization}/members/{chief.id}"
    body = {"manager_id": str(deputy.id), "ends_at": None}
    await done(await deputy.call("PATCH", member, json=body, headers={"If-Match": '"1"'}))
    response = await deputy.call("POST", f"/access/reviews/{review['id']}/decisions", json={"keep": [1], "reason": WHY})
    assert (response.status_code, response.json()["code"]) == (403, "ACC_002")
    assert response.json()["error"].startswith("You became an administrator after the access review had started.")

    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "clerk")), "roles": None}
    for asked, path in (({"keep": [1], "reason": WHY}, "decisions"), ({"reason": WHY}, "cancel")):
        assert await api.refused("POST", f"/access/reviews/{platform['id']}/{path}", json=asked, **signed) == (403, "ACC_002")
    number = await number_of(api, platform, officer)
    assert (await decide(api, platform, withdraw=[number]))[0]["outcome"] == "withdrawn"


async def test_a_colleague_whose_roles_were_set_again_still_decides(api: Api) -> None:
    organization = (await create_organization(api))["id"]
    first, second = person(api), person(api)
    for member in (first, second):
        await add_member(api, organization, member.id, "organization-admin")
    await api.refresher.refresh()
    review = await start(api, organization_id=organization)
    path = f"/organizations/{organization}/members/{second.id}/roles"
    for roles in ([], ["organization-admin"]):
        await done(await first.call("PUT", path, json={"roles": roles, "reason": WHY}))
    await api.refresher.refresh()
    number = await number_of(api, review, first)
    assert (await decide(second, review, withdraw=[number]))[0]["outcome"] == "withdrawn"


async def test_what_is_kept_stays_with_the_person_who_kept_it_first(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    number = await number_of(api, review, at.subordinates[0])
    await decide(api, review, keep=[number])
    (again,) = await decide(api, review, keep=[number])
    assert again["capacity"] == "administrator"
    # The manager knows better, and an administrator does not replace that.
    (confirmed,) = await decide(at.manager, review, keep=[number])
    (again,) = await decide(api, review, keep=[number])
    assert [(each["capacity"], each["decided_by"]) for each in (confirmed, again)] == [("manager", str(at.manager.id))] * 2
    assert len(await facts(api, "governance.review_line.keep")) == 2
    # What changed nothing was read.
    assert str(at.subordinates[0].id) in (await facts(api, "governance.access_review.read"))[-1].related_ids


async def test_managers_whom_the_organization_has_set_decide_nothing_about_the_platform(api: Api) -> None:
    internal = (await create_organization(api, kind="internal"))["id"]
    chief, employee = person(api), person(api)
    await add_member(api, internal, chief.id, "organization-admin")
    await add_member(api, internal, employee.id)
    await api.refresher.refresh()
    path, body = f"/organizations/{internal}/members/{employee.id}", {"manager_id": str(chief.id), "ends_at": None}
    await done(await chief.call("PATCH", path, json=body, headers={"If-Match": '"1"'}))
    await grant(api, employee.id, "staff")
    review = await start(api, roles=["staff"])
    assert (await lines(api, review))[0]["managers"] == []
    assert await chief.refused("GET", f"/access/reviews/{review['id']}") == (404, "RES_001")
    # The platform sets the manager; from then on, the organization does not change that.
    for version, manager in ((2, None), (3, str(chief.id))):
        body = {"manager_id": manager, "ends_at": None}
        await done(await api.call("PATCH", path, json=body, headers={"If-Match": f'"{version}"'}))
    body = {"manager_id": None, "ends_at": None}
    assert await chief.refused("PATCH", path, json=body, headers={"If-Match": '"4"'}) == (403, "ACC_001")
    assert (await lines(api, review))[0]["managers"] == []
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == [str(chief.id)]
    # Two people who report to each other decide nothing about each other, if the platform says so.
    other = (await create_organization(api, kind="internal"))["id"]
    await add_member(api, other, employee.id, "organization-admin")
    await add_member(api, other, chief.id)
    await api.refresher.refresh()
    there = f"/organizations/{other}/members/{chief.id}"
    body = {"manager_id": str(employee.id), "ends_at": None}
    await done(await employee.call("PATCH", there, json=body, headers={"If-Match": '"1"'}))
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == [str(chief.id)]
    await report_to(api, other, chief, None)
    await report_to(api, other, chief, employee)
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == []


async def test_a_manager_who_decides_for_the_platform_is_forgotten_with_the_manager(api: Api) -> None:
    """Also if the previous release sets another manager, and the first one again."""
    internal = await company(api, "internal")
    (clerk, other) = internal.subordinates
    database = api.database.under(PLATFORM)
    set_alone = text("UPDATE memberships SET manager_id = :manager WHERE subject_id = :subject")
    for manager in (other, internal.manager):
        async with database.session() as session, session.begin():
            await session.execute(set_alone, {"manager": manager.id, "subject": clerk.id})
    query = "SELECT manager_id, platform_manager_id FROM memberships WHERE subject_id = :id"
    assert await rows(database, query, id=clerk.id) == [(internal.manager.id, None)]


async def test_who_has_left_does_not_see_the_campaign_any_more(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    await decide(at.manager, review, keep=[await number_of(api, review, at.subordinates[0])])
    for clerk in at.subordinates:
        await report_to(api, at.id, clerk, None)
    assert (await at.manager.data(f"/access/reviews/{review['id']}"))["id"] == review["id"]
    assert await lines(at.manager, review) == []
    response = await api.call("DELETE", f"/organizations/{at.id}/members/{at.manager.id}", params={"reason": "left"})
    assert response.status_code == 204
    assert await at.manager.refused("GET", f"/access/reviews/{review['id']}") == (404, "RES_001")
    assert (await at.manager.data("/access/reviews"))["items"] == []
