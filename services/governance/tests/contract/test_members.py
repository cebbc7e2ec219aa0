"""Members of organizations over REST: what administrators of an organization do by themselves, and nothing outside."""

import asyncio
from typing import Any

import pytest

from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.governance.v1.events_pb2 import LimitedRolesChanged, MembershipEnded
from governance import wiring
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done, grant, set_separation
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import WHY, Person, add_member, create_organization, founded, person
from services.governance.tests.stored import rows, sent

REASON = {"reason": WHY}
FAR = "2099-01-01T00:00:00Z"
ALONE = {"manager_id": None, "ends_at": None}


@pytest.fixture
async def chief(api: Api) -> tuple[Person, str]:
    """Create an organization with a chief, who administers it. Return both."""
    organization, _ = await founded(api)
    chief = person(api)
    await add_member(api, organization, chief.id, "organization-admin")
    await api.refresher.refresh()
    return chief, organization


async def joined(api: Api, organization: str, *roles: str) -> Person:
    member = person(api)
    await add_member(api, organization, member.id, *roles)
    await api.refresher.refresh()
    return member


async def test_a_member_is_added_with_roles_for_the_organization(api: Api) -> None:
    organization, _ = await founded(api)
    member = person(api)
    added = await add_member(api, organization, member.id, "organization-admin", ends_at="2026-12-31T22:00:00Z")
    assert added == {
        "organization_id": organization,
        "subject_id": str(member.id),
        "joined_at": "2026-03-21T08:00:00Z",
        "ends_at": "2026-12-31T22:00:00Z",
        "manager_id": None,
        "version": 1,
        "roles": ["organization-admin"],
    }
    assert await api.data(f"/organizations/{organization}/members/{member.id}") == added
    body = {"subject_id": str(member.id), "roles": [], **REASON}
    assert await api.refused("POST", f"/organizations/{organization}/members", json=body) == (409, "RES_002")
    assert await api.refused("POST", f"/organizations/{organization}/members", json={**body, "subject_id": str(new_id())}) == (
        404,
        "RES_001",
    )
    assert await api.refused("POST", f"/organizations/{new_id()}/members", json={**body, "subject_id": str(api.subject())}) == (
        422,
        "VAL_001",
    )


async def test_only_the_platform_adds_people_without_their_consent(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    body = {"subject_id": str(api.subject()), "roles": [], **REASON}
    assert await administrator.refused("POST", f"/organizations/{organization}/members", json=body) == (403, "ACC_001")


async def test_members_list_each_other_and_strangers_see_nothing(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    member = await joined(api, organization)
    listed = (await member.data(f"/organizations/{organization}/members"))["items"]
    assert [each["subject_id"] for each in listed] == [str(api.admin_id), str(administrator.id), str(member.id)]
    facts = [fact for recorded in await sent(api.database, AuditFactsRecorded) for fact in recorded.facts]
    assert (facts[-1].action, facts[-1].actor.subject_id) == ("governance.membership.list", str(member.id))
    assert set(facts[-1].related_ids) == {organization, str(api.admin_id), str(administrator.id)}
    for path in (f"/organizations/{organization}/members", f"/organizations/{organization}/members/{member.id}"):
        assert await person(api).refused("GET", path) == (404, "RES_001")
    assert await member.refused("GET", f"/organizations/{organization}/members/{new_id()}") == (404, "RES_001")


async def test_an_administrator_gives_what_they_may_do_themselves_there_and_nothing_more(
    api: Api, chief: tuple[Person, str]
) -> None:
    administrator, organization = chief
    await create_role(api, "clerk", "payment:create", "wallet:read_any")
    await create_role(api, "approver", "payment:approve")
    await api.refresher.refresh()
    member = await joined(api, organization)
    path = f"/organizations/{organization}/members/{member.id}/roles"
    given = await done(await administrator.call("PUT", path, json={"roles": ["clerk"], **REASON}))
    assert given["roles"] == ["clerk"]
    assert await administrator.refused("PUT", path, json={"roles": ["clerk", "approver"], **REASON}) == (403, "ACC_003")
    assert await administrator.refused("PUT", path, json={"roles": ["emperor"], **REASON}) == (422, "VAL_001")
    assert await administrator.refused("POST", "/role-assignments", json={"subject_id": str(member.id), "role": "clerk"}) == (
        403,
        "ACC_001",
    )
    (assignment,) = (await api.data(f"/role-assignments/{member.id}"))["assignments"]
    assert (assignment["role"], assignment["organization_id"], assignment["granted_by"]) == (
        "clerk",
        organization,
        str(administrator.id),
    )
    # What the platform gave, the administrator does not take.
    await done(await api.call("PUT", path, json={"roles": ["clerk", "approver"], **REASON}))
    for method, body in (("PUT", {"json": {"roles": [], **REASON}}), ("DELETE", {"params": REASON})):
        where = path if method == "PUT" else f"/organizations/{organization}/members/{member.id}"
        assert await administrator.refused(method, where, **body) == (403, "ACC_003")
    assert await administrator.refused(
        "PUT", f"/organizations/{organization}/members/{administrator.id}/roles", json={"roles": ["clerk"], **REASON}
    ) == (403, "ACC_002")


async def test_an_administrator_has_no_part_in_other_organizations(api: Api, chief: tuple[Person, str]) -> None:
    administrator, _ = chief
    other, team = await founded(api)
    member = await joined(api, other)
    invitation = {"email": "x@example.na", "expires_at": "2026-03-28T08:00:00Z"}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/organizations/{other}/members", {}),
        ("GET", f"/organizations/{other}/members/{member.id}", {}),
        (
            "PATCH",
            f"/organizations/{other}/members/{member.id}",
            {"json": {"manager_id": None, "ends_at": None}, "headers": {"If-Match": '"1"'}},
        ),
        ("PUT", f"/organizations/{other}/members/{member.id}/roles", {"json": {"roles": [], **REASON}}),
        ("DELETE", f"/organizations/{other}/members/{member.id}", {"params": REASON}),
        ("GET", f"/organizations/{other}", {}),
        ("PATCH", f"/organizations/{other}", {"json": {}, "headers": {"If-Match": '"1"'}}),
        ("GET", f"/organizations/{other}/invitations", {}),
        ("POST", f"/organizations/{other}/invitations", {"json": invitation}),
        ("POST", f"/organizations/{other}/invitations/{new_id()}/withdraw", {"json": REASON}),
        ("GET", f"/organizations/{other}/teams", {}),
        ("POST", f"/organizations/{other}/teams", {"json": {"name": "Ours"}}),
        ("GET", f"/teams/{team}", {}),
        ("PATCH", f"/teams/{team}", {"json": {"name": "Ours"}, "headers": {"If-Match": '"1"'}}),
        ("DELETE", f"/teams/{team}", {"params": REASON}),
        ("GET", f"/teams/{team}/members", {}),
        ("PUT", f"/teams/{team}/members/{administrator.id}", {}),
        ("DELETE", f"/teams/{team}/members/{member.id}", {}),
    ]
    for method, path, options in requests:
        assert await administrator.refused(method, path, **options) == (404, "RES_001"), (method, path)


async def test_a_manager_is_a_member_and_nobody_is_above_themselves(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    clerk, head = await joined(api, organization), await joined(api, organization)

    async def report(member: Person, manager: object, version: int) -> Any:
        body = {"manager_id": str(manager) if manager else None, "ends_at": None}
        headers = {"If-Match": f'"{version}"'}
        return await administrator.call("PATCH", f"/organizations/{organization}/members/{member.id}", json=body, headers=headers)

    assert (await done(await report(clerk, head.id, 1)))["manager_id"] == str(head.id)
    assert (await done(await report(head, administrator.id, 1)))["version"] == 2
    for member, manager in ((head, clerk.id), (head, head.id), (clerk, new_id())):
        version = (await api.data(f"/organizations/{organization}/members/{member.id}"))["version"]
        answer = await report(member, manager, version)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "manager_id")
    assert (await report(clerk, None, 1)).status_code == 412
    listed = (await api.data(f"/organizations/{organization}/members", manager_id=str(head.id)))["items"]
    assert [each["subject_id"] for each in listed] == [str(clerk.id)]
    assert (await api.call("DELETE", f"/organizations/{organization}/members/{head.id}", params=REASON)).status_code == 204
    assert (await api.data(f"/organizations/{organization}/members/{clerk.id}"))["manager_id"] is None


async def test_a_member_leaves_with_all_roles_and_teams(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    other, _ = await founded(api)
    member = await joined(api, organization, "organization-admin")
    await add_member(api, other, member.id, "organization-admin")
    team = (await done(await administrator.call("POST", f"/organizations/{organization}/teams", json={"name": "Desk 2"})))["id"]
    await done(await administrator.call("PUT", f"/teams/{team}/members/{member.id}"))
    await grant(api, member.id, "staff", organization_id=organization, team_id=team)
    await api.refresher.refresh()
    assert (await member.call("DELETE", f"/organizations/{organization}/members/{member.id}", params=REASON)).status_code == 204

    ended = [(event.subject_id, event.organization_id) for event in await sent(api.database, MembershipEnded)]
    assert ended == [(str(member.id), organization)]
    left = [(role.role, role.organization_id) for role in (await sent(api.database, LimitedRolesChanged))[-1].roles]
    assert left == [("organization-admin", other)]
    query = "SELECT organization_id::text FROM team_members WHERE subject_id = :id"
    assert await rows(api.database.under(PLATFORM), query, id=member.id) == []
    await api.refresher.refresh()
    assert await member.refused("GET", f"/organizations/{organization}/members") == (404, "RES_001")
    assert await member.refused("DELETE", f"/organizations/{organization}/members/{member.id}", params=REASON) == (404, "RES_001")


async def test_an_organization_keeps_an_administrator(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    leave = f"/organizations/{organization}/members/{administrator.id}"
    assert await administrator.refused("DELETE", leave, params=REASON) == (409, "GOV_010")
    deputy = await joined(api, organization, "organization-admin")
    for _ in range(3):
        answers = await asyncio.gather(
            administrator.call("PUT", f"/organizations/{organization}/members/{deputy.id}/roles", json={"roles": [], **REASON}),
            deputy.call("PUT", f"/organizations/{organization}/members/{administrator.id}/roles", json={"roles": [], **REASON}),
        )
        # The second one has lost the right already.
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        for member in (administrator, deputy):
            await done(
                await api.call(
                    "PUT",
                    f"/organizations/{organization}/members/{member.id}/roles",
                    json={"roles": ["organization-admin"], **REASON},
                )
            )
        await api.refresher.refresh()
    assert (await administrator.call("DELETE", leave, params=REASON)).status_code == 204
    # The platform may remove the last one.
    assert (await api.call("DELETE", f"/organizations/{organization}/members/{deputy.id}", params=REASON)).status_code == 204


async def test_the_end_of_a_membership_is_changed_as_the_membership_would_be_ended(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    members = f"/organizations/{organization}/members"
    await create_role(api, "keeper", "organization:manage")
    keeper, dated = await joined(api, organization, "keeper"), person(api)
    await add_member(api, organization, dated.id, "organization-admin", ends_at=FAR)
    await api.refresher.refresh()
    current = {"headers": {"If-Match": '"1"'}}
    # Nobody prolongs their own, and nobody ends that of a person who may do more.
    for who, whom, ends_at, refusal in (
        (dated, dated, None, (403, "ACC_002")),
        (dated, dated, "2098-01-01T00:00:00Z", (403, "ACC_002")),
        (keeper, administrator, FAR, (403, "ACC_003")),
        (keeper, dated, None, (403, "ACC_003")),
    ):
        body = {"manager_id": None, "ends_at": ends_at}
        assert await who.refused("PATCH", f"{members}/{whom.id}", json=body, **current) == refusal


async def test_managers_are_set_by_others_with_authority_over_the_person(api: Api, chief: tuple[Person, str]) -> None:
    """Managers decide in access reviews, so nobody chooses their own, or one for a person who may do more."""
    administrator, organization = chief
    await create_role(api, "keeper", "organization:manage")
    keeper, clerk = await joined(api, organization, "keeper"), await joined(api, organization)
    members, current = f"/organizations/{organization}/members", {"headers": {"If-Match": '"1"'}}
    body = {"manager_id": str(clerk.id), "ends_at": None}
    for actor, member, refusal in (
        (administrator, administrator, (403, "ACC_002")),
        (keeper, keeper, (403, "ACC_002")),
        (keeper, administrator, (403, "ACC_003")),
    ):
        assert await actor.refused("PATCH", f"{members}/{member.id}", json=body, **current) == refusal
    assert (await done(await administrator.call("PATCH", f"{members}/{keeper.id}", json=body, **current)))["manager_id"]


async def test_the_platform_sets_managers_of_internal_organizations_with_authority_over_the_person(api: Api) -> None:
    """Managers whom it has set decide about roles of the platform too."""
    await create_role(api, "registrar", "organization:manage", "organization:read_any")
    await grant(api, (registrar := person(api)).id, "registrar")
    organization = (await create_organization(api, kind="internal"))["id"]
    manager, officer = await joined(api, organization), await joined(api, organization)
    await grant(api, officer.id, "admin")
    await api.refresher.refresh()
    path = f"/organizations/{organization}/members/{officer.id}"
    asked: dict[str, Any] = {"json": {"manager_id": str(manager.id), "ends_at": None}}
    signed = {"If-Match": '"1"', **api.forge.headers(registrar.id, roles=("user", "registrar"))}
    assert await api.refused("PATCH", path, roles=None, headers=signed, **asked) == (403, "ACC_003")
    assert (await done(await api.call("PATCH", path, headers={"If-Match": '"1"'}, **asked)))["manager_id"] == str(manager.id)


async def test_who_leaves_on_a_date_gives_nothing_that_lasts_longer(api: Api, chief: tuple[Person, str]) -> None:
    _, organization = chief
    dated, member = person(api), await joined(api, organization)
    await add_member(api, organization, dated.id, "organization-admin", ends_at=FAR)
    await api.refresher.refresh()
    members, later = f"/organizations/{organization}/members", "2099-01-02T00:00:00Z"
    roles = {"roles": ["organization-admin"], **REASON}
    invitation = {"email": "ndapewa@example.na", "expires_at": "2026-03-28T08:00:00Z"}
    shorter = person(api)
    await add_member(api, organization, shorter.id, ends_at="2098-01-01T00:00:00Z")
    current = {"headers": {"If-Match": '"1"'}}
    for method, path, options in (
        ("PUT", f"{members}/{member.id}/roles", {"json": roles}),
        ("PATCH", f"{members}/{shorter.id}", {"json": {"manager_id": None, "ends_at": later}, **current}),
        ("PATCH", f"{members}/{shorter.id}", {"json": ALONE, **current}),
        ("POST", f"/organizations/{organization}/invitations", {"json": invitation}),
        ("POST", f"/organizations/{organization}/invitations", {"json": {**invitation, "membership_ends_at": later}}),
    ):
        assert await dated.refused(method, path, **options) == (403, "ACC_003"), options
    await done(await dated.call("PUT", f"{members}/{shorter.id}/roles", json=roles))
    invited = {**invitation, "membership_ends_at": FAR}
    await done(await dated.call("POST", f"/organizations/{organization}/invitations", json=invited))


async def test_a_long_line_of_managers_is_no_circle_and_does_not_become_one(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    line = [await joined(api, organization) for _ in range(20)]
    path = f"/organizations/{organization}/members"

    def under(member: Person, manager: Person) -> Any:
        body, current = {"manager_id": str(manager.id), "ends_at": None}, {"If-Match": '"1"'}
        return administrator.call("PATCH", f"{path}/{member.id}", json=body, headers=current)

    for member, manager in zip(line[1:], line, strict=False):
        await done(await under(member, manager))
    answer = await under(line[0], line[-1])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "manager_id")
    # Two halves that are joined at once.
    (one, two), (three, four) = [[await joined(api, organization) for _ in range(2)] for _ in range(2)]
    await done(await under(two, one))
    await done(await under(four, three))
    answers = await asyncio.gather(under(one, four), under(three, two))
    assert sorted(each.status_code for each in answers) == [200, 422]


async def test_who_leaves_is_on_record_in_each_team_and_with_each_report(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    manager, report = await joined(api, organization), await joined(api, organization)
    team = (await done(await api.call("POST", f"/organizations/{organization}/teams", json={"name": "Desk 2"})))["id"]
    await done(await administrator.call("PUT", f"/teams/{team}/members/{manager.id}"))
    body, current = {"manager_id": str(manager.id), "ends_at": None}, {"If-Match": '"1"'}
    await done(
        await administrator.call("PATCH", f"/organizations/{organization}/members/{report.id}", json=body, headers=current)
    )
    before = len(await sent(api.database, AuditFactsRecorded))
    removed = await administrator.call("DELETE", f"/organizations/{organization}/members/{manager.id}", params=REASON)
    assert removed.status_code == 204
    facts = [fact for recorded in (await sent(api.database, AuditFactsRecorded))[before:] for fact in recorded.facts]
    assert sorted((fact.action, fact.organization_id) for fact in facts) == [
        ("governance.membership.change", organization),
        ("governance.membership.end", organization),
        ("governance.team.drop_member", organization),
    ]
    assert (await api.data(f"/teams/{team}"))["version"] == 3
    assert (await api.data(f"/organizations/{organization}/members/{report.id}"))["manager_id"] is None


async def test_the_last_administrator_without_an_end_gets_none(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    dated = person(api)
    await add_member(api, organization, dated.id, "organization-admin", ends_at=FAR)
    await api.refresher.refresh()
    path = f"/organizations/{organization}/members/{administrator.id}"
    options: Any = {"json": {"manager_id": None, "ends_at": FAR}, "headers": {"If-Match": '"1"'}}
    assert await dated.refused("PATCH", path, **options) == (409, "GOV_010")
    await joined(api, organization, "organization-admin")
    assert (await done(await dated.call("PATCH", path, **options)))["ends_at"] == FAR


async def test_a_membership_past_its_end_opens_nothing_before_the_job_ends_it(
    api: Api, chief: tuple[Person, str], clock: ControlledClock
) -> None:
    administrator, organization = chief
    former = person(api)
    await add_member(api, organization, former.id, "organization-admin", ends_at="2026-04-01T00:00:00Z")
    clock.advance(days=20)
    await api.refresher.refresh()
    path = f"/organizations/{organization}"
    current: Any = {"headers": {"If-Match": '"1"'}}
    assert (await former.data("/organizations"))["items"] == []
    for method, what, options in (
        ("GET", "/invitations", {}),
        ("PATCH", f"/members/{former.id}", {"json": ALONE, **current}),
        ("PUT", f"/members/{administrator.id}/roles", {"json": {"roles": [], **REASON}}),
        ("POST", "/teams", {"json": {"name": "Shadow"}}),
    ):
        assert (await former.refused(method, f"{path}{what}", **options))[0] in {403, 404}, what
    # Nobody prolongs what has ended; the person can be a member again.
    assert await administrator.refused("PATCH", f"{path}/members/{former.id}", json=ALONE, **current) == (404, "RES_001")


async def test_nobody_manages_a_suspended_organization_but_the_platform(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    member = await joined(api, organization)
    path, current = f"/organizations/{organization}", {"If-Match": '"1"'}
    team = (await done(await administrator.call("POST", f"{path}/teams", json={"name": "Payments"})))["id"]
    for act in ("suspend", "close"):
        await done(await api.call("POST", f"{path}/{act}", json=REASON))
        for method, what, options in (
            ("PATCH", path, {"json": {"contact_phone": "+264 61 1"}, "headers": current}),
            ("PATCH", f"{path}/members/{member.id}", {"json": ALONE, "headers": current}),
            ("PUT", f"{path}/members/{member.id}/roles", {"json": {"roles": ["organization-admin"], **REASON}}),
            ("DELETE", f"{path}/members/{member.id}", {"params": REASON}),
            ("POST", f"{path}/teams", {"json": {"name": "New"}}),
            ("PATCH", f"/teams/{team}", {"json": {"name": "Other"}, "headers": current}),
            ("PUT", f"/teams/{team}/members/{member.id}", {}),
            ("DELETE", f"/teams/{team}", {"params": REASON}),
        ):
            assert await administrator.refused(method, what, **options) == (409, "GOV_009"), what
        # Members still see that it is so, and may leave.
        [listed] = (await member.data("/organizations"))["items"]
        assert (await member.data(path)) == listed
    assert (await member.call("DELETE", f"{path}/members/{member.id}", params=REASON)).status_code == 204


async def test_separated_duties_stay_apart_in_an_organization(api: Api, chief: tuple[Person, str]) -> None:
    _, organization = chief
    other, _ = await founded(api)
    await create_role(api, "clerk", "audit:view")
    await create_role(api, "approver", "payment:approve")
    await set_separation(api)
    member = await joined(api, organization, "clerk")
    await add_member(api, other, member.id, "approver")
    path = f"/organizations/{organization}/members/{member.id}/roles"
    body = {"roles": ["clerk", "approver"], **REASON}
    assert await api.refused("PUT", path, json=body) == (409, "GOV_007")


async def test_a_membership_ends_on_time_with_its_roles(api: Api, chief: tuple[Person, str], clock: ControlledClock) -> None:
    _, organization = chief
    member = person(api)
    await add_member(api, organization, member.id, "organization-admin", ends_at="2026-04-01T00:00:00Z")
    end = wiring.end_memberships(database=api.database.under(PLATFORM), clock=clock)
    assert await end(actor=Actor.service("governance")) == 0
    clock.advance(days=20)
    await api.refresher.refresh()
    assert [await end(actor=Actor.service("governance")) for _ in range(2)] == [1, 0]
    assert [event.subject_id for event in await sent(api.database, MembershipEnded)] == [str(member.id)]
    assert (await api.data(f"/role-assignments/{member.id}"))["assignments"] == []
    facts = [fact for recorded in await sent(api.database, AuditFactsRecorded) for fact in recorded.facts]
    ends = [(fact.action, fact.reason) for fact in facts if fact.action.startswith("governance.membership.e")]
    assert ends == [("governance.membership.expire", "its end has come")]
