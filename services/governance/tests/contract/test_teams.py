"""Teams over REST: nested, managed by administrators of the organization and by those of a team."""

from typing import Any

import pytest

from kernel.ids import new_id
from services.governance.tests.contract.access_api import done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import WHY, Person, add_member, founded, person

REASON = {"reason": WHY}


@pytest.fixture
async def chief(api: Api) -> tuple[Person, str]:
    """Create an organization with a chief, who administers it. Return both."""
    organization, _ = await founded(api)
    chief = person(api)
    await add_member(api, organization, chief.id, "organization-admin")
    await api.refresher.refresh()
    return chief, organization


async def create(by: Person, organization: str, name: str, parent: str | None = None) -> str:
    body = {"name": name, "parent_id": parent}
    return str((await done(await by.call("POST", f"/organizations/{organization}/teams", json=body)))["id"])


async def test_a_team_is_created_renamed_and_removed(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    team = await create(administrator, organization, "Payments")
    part = await create(administrator, organization, "Night shift", team)
    path = f"/organizations/{organization}/teams"
    assert [each["name"] for each in (await administrator.data(path))["items"]] == ["Desk", "Night shift", "Payments"]
    assert await administrator.refused("POST", path, json={"name": "payments"}) == (409, "RES_002")
    headers = {"If-Match": '"1"'}
    renamed = await done(await administrator.call("PATCH", f"/teams/{team}", json={"name": "Payouts"}, headers=headers))
    assert (renamed["name"], renamed["version"]) == ("Payouts", 2)
    assert await administrator.refused("PATCH", f"/teams/{team}", json={"name": "Late"}, headers=headers) == (412, "RES_003")
    assert await administrator.refused("PATCH", f"/teams/{team}", json={"name": "Blind"}) == (428, "RES_006")
    other = await create(administrator, organization, "i̇st")
    taken = {"json": {"name": "İst"}, "headers": {"If-Match": '"2"'}}
    lower = await administrator.call("PATCH", f"/teams/{team}", **taken)
    assert lower.status_code in {200, 409}, lower.text
    assert (await administrator.call("DELETE", f"/teams/{other}", params=REASON)).status_code == 204
    assert await administrator.refused("DELETE", f"/teams/{team}", params=REASON) == (409, "GOV_014")
    for each in (part, team):
        assert (await administrator.call("DELETE", f"/teams/{each}", params=REASON)).status_code == 204
        assert await administrator.refused("GET", f"/teams/{each}") == (404, "RES_001")
    await create(administrator, organization, "Payouts")


async def test_only_members_of_the_organization_are_in_its_teams(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    team, member = await create(administrator, organization, "Payments"), person(api)
    path = f"/teams/{team}/members/{member.id}"
    assert await administrator.refused("PUT", path) == (422, "VAL_001")
    await add_member(api, organization, member.id)
    added = await done(await administrator.call("PUT", path))
    assert added["members"] == 1
    assert await done(await administrator.call("PUT", path)) == added
    assert [each["subject_id"] for each in (await member.data(f"/teams/{team}/members"))["items"]] == [str(member.id)]
    assert [each["id"] for each in (await member.data("/teams"))["items"]] == [team]
    assert await member.refused("PUT", f"/teams/{team}/members/{administrator.id}") == (403, "ACC_001")
    dropped = await done(await administrator.call("DELETE", path))
    assert (dropped["members"], (await member.data("/teams"))["items"]) == (0, [])
    assert await done(await administrator.call("DELETE", path)) == dropped


async def test_who_manages_a_team_manages_its_parts_and_nothing_else(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    team, other = await create(administrator, organization, "Payments"), await create(administrator, organization, "Sales")
    part = await create(administrator, organization, "Night shift", team)
    lead, member = person(api), person(api)
    for someone in (lead, member):
        await add_member(api, organization, someone.id)
    await grant(api, lead.id, "organization-admin", organization_id=organization, team_id=team)
    await api.refresher.refresh()
    for each in (team, part):
        await done(await lead.call("PUT", f"/teams/{each}/members/{member.id}"))
    await create(lead, organization, "Day shift", part)
    assert await lead.refused("PUT", f"/teams/{other}/members/{member.id}") == (403, "ACC_001")
    outside: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"/organizations/{organization}/teams", {"json": {"name": "Another"}}),
        ("POST", f"/organizations/{organization}/teams", {"json": {"name": "Another", "parent_id": other}}),
        ("PUT", f"/organizations/{organization}/members/{member.id}/roles", {"json": {"roles": [], **REASON}}),
        ("DELETE", f"/organizations/{organization}/members/{member.id}", {"params": REASON}),
        ("GET", f"/organizations/{organization}/invitations", {}),
    ]
    for method, path, options in outside:
        assert await lead.refused(method, path, **options) == (403, "ACC_001"), path
    # With the team, what was limited to it ends.
    for each in ("Day shift", "Night shift", "Payments"):
        found = {one["name"]: one["id"] for one in (await administrator.data(f"/organizations/{organization}/teams"))["items"]}
        assert (await administrator.call("DELETE", f"/teams/{found[each]}", params=REASON)).status_code == 204
    assert (await api.data(f"/role-assignments/{lead.id}"))["assignments"] == []


async def test_teams_are_parts_of_teams_of_the_same_organization_to_a_depth(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    _, foreign = await founded(api)
    path = f"/organizations/{organization}/teams"
    for parent in (foreign, str(new_id())):
        answer = await administrator.call("POST", path, json={"name": "Part", "parent_id": parent})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "parent_id")
    team: str | None = None
    for level in range(8):
        team = await create(administrator, organization, f"Level {level}", team)
    answer = await administrator.call("POST", path, json={"name": "Too deep", "parent_id": team})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "parent_id")


async def test_a_role_is_limited_to_a_team_of_its_organization(api: Api, chief: tuple[Person, str]) -> None:
    _, organization = chief
    _, foreign = await founded(api)
    subject = api.subject()
    for limits, field in (
        ({"organization_id": organization, "team_id": foreign}, "team_id"),
        ({"team_id": foreign}, "organization_id"),
        ({"organization_id": str(new_id())}, "organization_id"),
    ):
        answer = await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": "staff", **limits})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_an_organization_has_a_number_of_teams(
    api: Api, chief: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator, organization = chief
    # One is there already.
    monkeypatch.setattr("governance.application.teams.create_team.TEAMS_MAX", 2)
    team = await create(administrator, organization, "Payments")
    path = f"/organizations/{organization}/teams"
    assert await administrator.refused("POST", path, json={"name": "Third"}) == (409, "GOV_016")
    assert (await administrator.call("DELETE", f"/teams/{team}", params=REASON)).status_code == 204
    await create(administrator, organization, "Third")
