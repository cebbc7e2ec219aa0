"""Organizations over REST: registered by the platform, seen by their members, suspended and closed."""

import asyncio
from typing import Any, ClassVar
from uuid import UUID

import pytest

from chassis.auth.ended_memberships import EVERYBODY
from chassis.auth.governance import GovernanceEndings
from chassis.policies import GovernanceLimitedRoles, Policies
from chassis.rpc import connect
from chassis.settings import ServiceSettings
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.governance.v1.events_pb2 import OrganizationStatusChanged
from governance.infrastructure.local_bundles import LocalLimitedRoles
from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
from governance.interfaces.grpc import rpc_services
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import add_member, create_organization, founded, person
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.stored import sent

WHY = {"reason": "resolution 12"}


class IdentitySettings(ServiceSettings):
    NAME: ClassVar[str] = "identity"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


async def test_an_organization_is_registered_and_found(api: Api) -> None:
    bank = await create_organization(api, "Bank of the North", kind="bank", registration_number="2001/0042")
    branch = await create_organization(
        api, "Oshakati Branch", kind="bank", parent_id=bank["id"], contact_email="oshakati@bank.example"
    )
    assert (bank["status"], bank["version"], bank["parent_id"]) == ("active", 1, None)
    assert await api.data(f"/organizations/{branch['id']}") == branch

    async def found(**params: Any) -> list[str]:
        return [each["name"] for each in (await api.data("/organizations", **params))["items"]]

    assert await found() == ["Bank of the North", "Oshakati Branch"]
    assert await found(parent_id=bank["id"]) == ["Oshakati Branch"]
    assert await found(text="of the no") == ["Bank of the North"]
    assert await found(text="2001/0042") == ["Bank of the North"]
    assert await found(text="%_") == []
    assert await found(kind="merchant") == []
    assert await found(status="suspended") == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"kind": "club"}, 422, "kind"),
        ({"name": ""}, 422, "name"),
        ({"name": "x" * 121}, 422, "name"),
        ({"name": "two\nlines"}, 422, "name"),
        ({"parent_id": str(new_id())}, 422, "parent_id"),
        ({"registration_number": "x" * 41}, 422, "registration_number"),
        ({"name": " "}, 422, "name"),
        ({"registration_number": "R1 "}, 422, "registration_number"),
        ({"contact_email": "nonsense"}, 422, "contact_email"),
    ],
)
async def test_a_malformed_organization_is_refused_with_the_place(api: Api, body: Any, status: int, field: str) -> None:
    response = await api.call("POST", "/organizations", json={"kind": "merchant", "name": "Oshana Meat", **body})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (status, [field])


async def test_a_legal_entity_is_registered_once_until_it_is_closed(api: Api) -> None:
    first = await create_organization(api, registration_number="2019/0457")
    again = {"kind": "dealer", "name": "Another", "registration_number": "2019/0457"}
    assert await api.refused("POST", "/organizations", json=again) == (409, "RES_002")
    await done(await api.call("POST", f"/organizations/{first['id']}/close", json=WHY))
    await done(await api.call("POST", "/organizations", json=again))


async def test_organizations_are_nested_to_a_depth(api: Api) -> None:
    parent: str | None = None
    for level in range(8):
        parent = (await create_organization(api, f"Level {level}", parent_id=parent))["id"]
    body = {"kind": "merchant", "name": "Too deep", "parent_id": parent}
    response = await api.call("POST", "/organizations", json=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "parent_id")


async def test_members_see_their_organizations_and_no_others(api: Api) -> None:
    member, stranger = person(api), person(api)
    organization, _ = await founded(api, member.id)
    other, _ = await founded(api)
    assert [each["id"] for each in (await member.data("/organizations"))["items"]] == [organization]
    assert (await member.data(f"/organizations/{organization}"))["id"] == organization
    assert (await stranger.data("/organizations"))["items"] == []
    for who, which in ((member, other), (stranger, organization), (stranger, str(new_id()))):
        assert await who.refused("GET", f"/organizations/{which}") == (404, "RES_001")


async def test_an_administrator_changes_the_contact_and_the_platform_the_name(api: Api) -> None:
    chief, member = person(api), person(api)
    organization, _ = await founded(api, member.id)
    await add_member(api, organization, chief.id, "organization-admin")
    await api.refresher.refresh()
    path, first = f"/organizations/{organization}", {"headers": {"If-Match": '"1"'}}
    contact = {"contact_email": "office@oshana.example"}
    assert await chief.refused("PATCH", path, json=contact) == (428, "RES_006")
    assert await member.refused("PATCH", path, json=contact, **first) == (403, "ACC_001")
    assert await person(api).refused("PATCH", path, json=contact, **first) == (404, "RES_001")
    for legal in ({"name": "Bank of Namibia"}, {"registration_number": "1/1"}):
        assert await chief.refused("PATCH", path, json=legal, **first) == (403, "ACC_001")
    changed = await done(await chief.call("PATCH", path, json=contact, **first))
    assert (changed["contact_email"], changed["version"]) == ("office@oshana.example", 2)
    assert await chief.refused("PATCH", path, json=contact, **first) == (412, "RES_003")
    renamed = await done(await api.call("PATCH", path, json={"name": "Oshana Meat"}, headers={"If-Match": '"2"'}))
    assert (renamed["name"], renamed["contact_email"]) == ("Oshana Meat", "office@oshana.example")
    for act in ("suspend", "activate", "close"):
        assert await chief.refused("POST", f"{path}/{act}", json=WHY) == (403, "ACC_001")


async def test_nobody_acts_for_an_organization_that_is_suspended(api: Api) -> None:
    member = person(api)
    organization, _ = await founded(api, member.id)

    async def acts_for() -> tuple[list[str], int]:
        async with (
            serve_rpc(rpc_services(api.governance)) as target,
            connect(IdentitySettings(governance_target=target), "governance") as channel,
        ):
            stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
            asked = await stub.GetSubjectRoles(governance_pb2.GetSubjectRolesRequest(subject_id=str(member.id)))
            request = governance_pb2.ListHoldersRequest(organization_id=organization, limit=10)
            listed = await stub.ListHolders(request)
        return list(asked.organization_ids), len(listed.subject_ids)

    assert await acts_for() == ([organization], 2)
    suspended = await done(await api.call("POST", f"/organizations/{organization}/suspend", json=WHY))
    assert (suspended["status"], await acts_for()) == ("suspended", ([], 0))
    assert await done(await api.call("POST", f"/organizations/{organization}/suspend", json=WHY)) == suspended
    await done(await api.call("POST", f"/organizations/{organization}/activate", json=WHY))
    assert await acts_for() == ([organization], 2)
    await done(await api.call("POST", f"/organizations/{organization}/close", json=WHY))
    assert await acts_for() == ([], 0)
    for act in ("activate", "suspend"):
        assert await api.refused("POST", f"/organizations/{organization}/{act}", json=WHY) == (409, "GOV_009")
    events = [(event.status, event.version) for event in await sent(api.database, OrganizationStatusChanged)]
    assert events == [("suspended", 2), ("active", 3), ("closed", 4)]


async def test_roles_for_a_suspended_organization_are_not_in_force_anywhere(api: Api, policies: Policies) -> None:
    chief = person(api)
    organization, _ = await founded(api)
    await add_member(api, organization, chief.id, "organization-admin")
    asked = {"subject_id": str(chief.id), "permission": "wallet:read_any", "organization_id": organization}
    listed = {"permission": "wallet:read_any", "organization_id": organization, "reason": "audit"}

    async def permitted() -> tuple[bool, bool, bool, list[str]]:
        await api.refresher.refresh()
        async with (
            serve_rpc(rpc_services(api.governance)) as target,
            connect(IdentitySettings(governance_target=target), "governance") as channel,
        ):
            inactive = await GovernanceLimitedRoles(channel).inactive_organizations()
        explained = (await api.data("/access/explain", **asked))["allowed"]
        holders = [each["subject_id"] for each in (await api.data("/access/who-can", **listed))["items"]]
        actor = Actor(kind=ActorKind.USER, subject_id=str(chief.id), roles=frozenset({"user"}))
        decided = policies.allows_within(actor, "wallet:read_any", UUID(organization))
        return decided, explained, str(chief.id) in holders, list(inactive)

    assert await permitted() == (True, True, True, [])
    for act in ("suspend", "activate", "close"):
        await done(await api.call("POST", f"/organizations/{organization}/{act}", json=WHY))
        is_active = act == "activate"
        assert await permitted() == (is_active, is_active, is_active, [] if is_active else [organization])


async def test_processes_that_start_later_learn_what_ended(api: Api) -> None:
    member, stays = person(api), person(api)
    organization, _ = await founded(api, member.id, stays.id)

    async def endings() -> set[tuple[str, str]]:
        async with (
            serve_rpc(rpc_services(api.governance)) as target,
            connect(IdentitySettings(governance_target=target), "governance") as channel,
        ):
            found = await GovernanceEndings(channel).endings()
        local = await LocalLimitedRoles(SqlLimitedRoleViews(api.database)).endings()
        assert found == local
        return {(each.organization_id, each.subject_id) for each in found}

    assert await endings() == set()
    await member.call("DELETE", f"/organizations/{organization}/members/{member.id}", params=WHY)
    assert await endings() == {(organization, str(member.id))}
    await add_member(api, organization, member.id)
    await member.call("DELETE", f"/organizations/{organization}/members/{member.id}", params=WHY)
    await done(await api.call("POST", f"/organizations/{organization}/suspend", json=WHY))
    assert await endings() == {(organization, str(member.id)), (organization, EVERYBODY)}
    # It goes on: only tokens of before are refused.
    await done(await api.call("POST", f"/organizations/{organization}/activate", json=WHY))
    assert await endings() == {(organization, str(member.id)), (organization, EVERYBODY)}


async def test_a_legal_entity_is_registered_once_at_once(api: Api) -> None:
    body = {"kind": "bank", "name": "Bank of the North", "registration_number": "2001/0042"}
    answers = await asyncio.gather(*(api.call("POST", "/organizations", json=body) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


async def test_facts_about_an_organization_name_it(api: Api) -> None:
    organization, other = (await founded(api))[0], new_id()
    for act in ("suspend", "activate", "close"):
        # Also from a session that acts for another one.
        signed = api.forge.headers(api.admin_id, roles=("admin",), claims={"org": str(other)})
        await done(await api.call("POST", f"/organizations/{organization}/{act}", json=WHY, headers=signed))
    facts = [fact for recorded in await sent(api.database, AuditFactsRecorded) for fact in recorded.facts]
    acts = [(fact.action, fact.organization_id) for fact in facts if fact.action.startswith("governance.organization.")]
    assert acts[1:] == [(f"governance.organization.{act}", organization) for act in ("suspend", "activate", "close")]


async def test_the_role_of_its_administrators_is_for_an_organization(api: Api) -> None:
    body = {"subject_id": str(api.subject()), "role": "organization-admin", "reason": "by mistake"}
    assert await api.refused("POST", "/role-assignments", json=body) == (422, "VAL_001")


async def test_nobody_joins_an_organization_that_is_closed(api: Api) -> None:
    organization, team = await founded(api)
    await done(await api.call("POST", f"/organizations/{organization}/close", json=WHY))
    invitation = {"email": "ndapewa@example.na", "expires_at": "2026-03-28T08:00:00Z"}
    subject = str(api.subject())
    for path, body in (
        (f"/organizations/{organization}/members", {"subject_id": subject, **WHY}),
        (f"/organizations/{organization}/invitations", invitation),
        (f"/organizations/{organization}/teams", {"name": "New", "parent_id": team}),
        ("/role-assignments", {"subject_id": subject, "role": "staff", "organization_id": organization}),
    ):
        assert await api.refused("POST", path, json=body) == (409, "GOV_009"), path
