"""A person acts for an organization, through the gateway: the token, the audit log, the events, and the end of the membership."""

from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import psycopg
import pytest
from journey import Api, Person

from chassis.testing.events import announce
from chassis.testing.running import eventually
from elcorp.governance.v1.events_pb2 import MembershipEnded
from elcorp_local.platform import Platform
from kernel.ids import new_id

pytestmark = pytest.mark.e2e
_JOIN = "INSERT INTO memberships (organization_id, subject_id, joined_at) VALUES (%s, %s, now())"
_LEAVE = "DELETE FROM memberships WHERE organization_id = %s AND subject_id = %s"
_ORGANIZATIONS_OF = "SELECT organization_id::text FROM audit_entries WHERE resource_id = %s AND action = %s"


def in_governance(platform: Platform, statement: str, *values: str) -> None:
    """Change memberships, as the owner role: governance has no operation for it yet."""
    with psycopg.connect(platform.database_url("governance", "owner"), autocommit=True) as connection:
        assert connection.execute(statement, values).rowcount == 1


def claims_of(person: Person) -> dict[str, Any]:
    return jwt.decode(person.access_token, options={"verify_signature": False})


async def choose(api: Api, person: Person, organization_id: str | None, *, expect: int | None = 200) -> Any:
    path = f"/sessions/{claims_of(person)['sid']}/organization"
    answer = await api.call("PUT", path, by=person, expect=expect, organization_id=organization_id)
    if answer["status"] == "success":
        person.access_token = answer["data"]["access_token"]
    return answer


async def test_a_member_acts_for_the_organization_until_the_membership_ends(
    platform: Platform, api: Api, holder: Callable[..., Awaitable[Person]]
) -> None:
    member, organization_id = await holder("Member"), str(new_id())
    refused = await choose(api, member, organization_id, expect=403)
    assert refused["code"] == "ACC_004"

    in_governance(platform, _JOIN, organization_id, member.user_id)
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

    in_governance(platform, _LEAVE, organization_id, member.user_id)
    await announce(platform.backing.rabbitmq_url, MembershipEnded(subject_id=member.user_id, organization_id=organization_id))

    async def refusals() -> set[str]:
        paths = ("/users/me", "/wallets", "/roles", "/audit/checkpoint")
        answers = [await api.call("GET", path, by=member, expect=None) for path in paths[:3]]
        return {answer.get("code", "") for answer in answers}

    await eventually(refusals, {"ACC_004"})
