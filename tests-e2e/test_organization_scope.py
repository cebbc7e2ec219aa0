"""A person acts for an organization, through the gateway: how they join, the token, the audit log, and how it ends."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest
from journey import Api, Journey, Person

from chassis.testing.running import eventually
from elcorp_local.platform import Platform
from kernel.ids import new_id

pytestmark = pytest.mark.e2e
_ORGANIZATIONS_OF = "SELECT organization_id::text FROM audit_entries WHERE resource_id = %s AND action = %s"
_WHY = "documents checked"
_CODE = re.compile(r"\b(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}\b")


async def register(api: Api, admin: Person, name: str) -> str:
    """Return the id of a new organization."""
    created = await api.call(
        "POST", "/organizations", by=admin, expect=201, key=str(new_id()), kind="merchant", name=name, reason=_WHY
    )
    return str(created["data"]["id"])


async def add(api: Api, admin: Person, organization_id: str, member: Person, *roles: str) -> None:
    path = f"/organizations/{organization_id}/members"
    await api.call("POST", path, by=admin, expect=201, key=str(new_id()), subject_id=member.user_id, roles=roles, reason=_WHY)


def claims_of(person: Person) -> dict[str, Any]:
    return jwt.decode(person.access_token, options={"verify_signature": False})


async def choose(api: Api, person: Person, organization_id: str | None, *, expect: int | None = 200) -> Any:
    path = f"/sessions/{claims_of(person)['sid']}/organization"
    answer = await api.call("PUT", path, by=person, expect=expect, organization_id=organization_id)
    if answer["status"] == "success":
        person.access_token = answer["data"]["access_token"]
    return answer


async def test_a_member_acts_for_the_organization_until_the_membership_ends(
    platform: Platform, api: Api, admin: Person, holder: Callable[..., Awaitable[Person]]
) -> None:
    member, organization_id = await holder("Member"), await register(api, admin, "Omatako Auctions")
    refused = await choose(api, member, organization_id, expect=403)
    assert refused["code"] == "ACC_004"

    await add(api, admin, organization_id, member)
    await choose(api, member, organization_id)
    assert claims_of(member)["org"] == organization_id

    # Another service verifies the token by itself. The session has the organization's wallets and not the person's, and audit
    # facts name the organization.
    opened = await api.call("POST", "/wallets", by=member, expect=201, key=str(new_id()), currency="NAD", name="Auction")
    wallet_id = opened["data"]["id"]
    assert opened["data"]["organization_id"] == organization_id
    assert (await api.call("GET", f"/wallets/{member.wallet_id}", by=member, expect=404))["code"] == "RES_001"
    await api.call("PATCH", f"/wallets/{wallet_id}", by=member, name="Cattle auction")

    async def recorded() -> list[str | None]:
        connection = await psycopg.AsyncConnection.connect(platform.database_url("compliance", "owner"))
        async with connection:
            rows = await connection.execute(_ORGANIZATIONS_OF, (wallet_id, "payments.wallet.rename"))
            return [organization for (organization,) in await rows.fetchall()]

    await eventually(recorded, [organization_id])

    await api.call("DELETE", f"/organizations/{organization_id}/members/{member.user_id}?reason=left", by=member, expect=204)
    await is_refused_everywhere(api, member)


async def is_refused_everywhere(api: Api, member: Person) -> None:
    async def refusals() -> set[str]:
        answers = [await api.call("GET", path, by=member, expect=None) for path in ("/users/me", "/wallets", "/roles")]
        return {answer.get("code", "") for answer in answers}

    await eventually(refusals, {"ACC_004"})


async def test_an_organization_is_founded_and_run_by_its_own_people(
    api: Api, admin: Person, holder: Callable[..., Awaitable[Person]]
) -> None:
    # The platform registers it, with its first administrator. All else is theirs.
    organization_id = await register(api, admin, "Oshana Meat Traders")
    owner, clerk, outsider = await holder("Owner"), await holder("Clerk"), await holder("Outsider")
    await add(api, admin, organization_id, owner, "organization-admin")
    assert (await api.call("GET", f"/organizations/{organization_id}", by=outsider, expect=404))["code"] == "RES_001"

    invitations = f"/organizations/{organization_id}/invitations"
    invitation = await api.data(
        "POST",
        invitations,
        by=owner,
        expect=201,
        key=str(new_id()),
        email=clerk.email,
        roles=["organization-admin"],
        expires_at=(datetime.now(UTC) + timedelta(days=7)).isoformat(),
    )
    assert (invitation["state"], clerk.email in str(invitation)) == ("open", False)
    code = await code_in_the_invitation(api, clerk)
    joined = await api.data("POST", "/invitations/accept", by=clerk, key=str(new_id()), code=code)
    assert (joined["subject_id"], joined["roles"]) == (clerk.user_id, ["organization-admin"])
    # The code is used once.
    used = await api.call("POST", "/invitations/accept", by=outsider, expect=None, key=str(new_id()), code=code)
    assert used["code"] == "GOV_011"

    async def team() -> Any:
        # Each service learns the clerk's role for the organization in its own time.
        answer = await api.call(
            "POST", f"/organizations/{organization_id}/teams", by=clerk, expect=None, key=str(new_id()), name="Payments desk"
        )
        return answer["data"]["name"] if answer["status"] == "success" else answer["code"]

    await eventually(team, "Payments desk")
    [desk] = (await api.data("GET", f"/organizations/{organization_id}/teams", by=clerk))["items"]
    await api.call("PUT", f"/teams/{desk['id']}/members/{owner.user_id}", by=clerk)
    assert [each["id"] for each in (await api.data("GET", "/teams", by=owner))["items"]] == [desk["id"]]

    # Who may do what there, and why.
    why = await api.data(
        "GET",
        f"/access/explain?subject_id={clerk.user_id}&permission=organization:manage&organization_id={organization_id}",
        by=admin,
    )
    assert why["allowed"], why
    elsewhere = await api.data("GET", f"/access/explain?subject_id={clerk.user_id}&permission=organization:manage", by=admin)
    assert not elsewhere["allowed"], elsewhere

    # A suspended organization is acted for by nobody, also with a token of before; its members do so again afterwards.
    await choose(api, clerk, organization_id)
    await api.call("POST", f"/organizations/{organization_id}/suspend", by=admin, key=str(new_id()), reason="licence expired")
    await is_refused_everywhere(api, clerk)
    await api.call("POST", f"/organizations/{organization_id}/activate", by=admin, key=str(new_id()), reason="licence renewed")
    again = Person("Clerk", email=clerk.email, password=clerk.password, device_id=clerk.device_id)
    await Journey(api, admin, print).sign_in(again)
    await choose(api, again, organization_id)
    assert claims_of(again)["org"] == organization_id


async def code_in_the_invitation(api: Api, person: Person) -> str:
    """Read the newest code of an invitation in the developer's mailbox."""
    found: list[str] = []

    async def arrived() -> bool:
        mails = (await api.data("GET", f"/dev/mailbox?recipient={person.email}"))["items"]
        found[:] = [code for mail in mails if mail["template"] == "governance.invitation" for code in _CODE.findall(mail["text"])]
        return bool(found)

    await eventually(arrived, True)
    return found[0]
