"""Invitations over REST: a code in a mail, which one person uses once."""

import asyncio
from typing import Any

import pytest

from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from governance.domain.invitation import digest_of, hint_of, new_code
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import WHY, Person, add_member, founded, person
from services.governance.tests.fakes.mails import FakeMails
from services.governance.tests.stored import rows

ADDRESS = "ndapewa@example.na"
EXPIRES = "2026-03-28T08:00:00Z"
REASON = {"reason": WHY}


@pytest.fixture
async def chief(api: Api) -> tuple[Person, str]:
    """Create an organization with a chief, who administers it. Return both."""
    organization, _ = await founded(api)
    chief = person(api)
    await add_member(api, organization, chief.id, "organization-admin")
    await api.refresher.refresh()
    return chief, organization


async def invited(by: Person, organization: str, address: str = ADDRESS, **fields: Any) -> Any:
    body = {"email": address, "expires_at": EXPIRES, **fields}
    return await done(await by.call("POST", f"/organizations/{organization}/invitations", json=body))


async def accept(who: Person, code: str) -> tuple[int, str]:
    answer = await who.call("POST", "/invitations/accept", json={"code": code})
    return answer.status_code, answer.json().get("code", "")


async def test_a_repeated_request_sends_one_mail(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    path, key = f"/organizations/{organization}/invitations", {"Idempotency-Key": "invite-1"}
    body = {"email": ADDRESS, "expires_at": EXPIRES}
    first = await administrator.call("POST", path, json=body, headers=key)
    code = mails.codes.pop(ADDRESS)
    again = await administrator.call("POST", path, json=body, headers=key)
    assert (first.status_code, again.content, mails.codes) == (201, first.content, {})
    assert await rows(api.database, "SELECT * FROM idempotency_steps") == []
    assert await accept(person(api), code) == (200, "")


async def test_a_request_that_was_interrupted_after_the_mail_is_repeated(
    api: Api, chief: tuple[Person, str], mails: FakeMails
) -> None:
    administrator, organization = chief
    path, key = f"/organizations/{organization}/invitations", {"Idempotency-Key": "invite-1"}
    body = {"email": ADDRESS, "expires_at": EXPIRES}
    mails.away = True
    assert (await administrator.call("POST", path, json=body, headers=key)).status_code == 503
    mails.away = False
    assert (await administrator.call("POST", path, json=body, headers=key)).status_code == 201
    listed = (await administrator.data(path))["items"]
    assert [each["invited_by"] for each in listed].count(str(administrator.id)) == 1
    assert await accept(person(api), mails.codes[ADDRESS]) == (200, "")


async def test_a_person_joins_by_the_code_of_the_mail(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    invitation = await invited(administrator, organization, roles=["organization-admin"])
    assert (invitation["address_hint"], invitation["state"], invitation["roles"]) == (
        "n…@example.na",
        "open",
        ["organization-admin"],
    )
    newcomer, code = person(api), mails.codes[ADDRESS]
    member = await done(await newcomer.call("POST", "/invitations/accept", json={"code": f" {code.lower()} ".replace("-", " ")}))
    assert (member["organization_id"], member["subject_id"], member["roles"]) == (
        organization,
        str(newcomer.id),
        ["organization-admin"],
    )
    listed = (await administrator.data(f"/organizations/{organization}/invitations"))["items"]
    assert (listed[0]["state"], listed[0]["accepted_by"]) == ("accepted", str(newcomer.id))
    assert await accept(person(api), code) == (409, "GOV_011")
    assert await accept(newcomer, code) == (409, "GOV_011")


async def test_neither_code_nor_address_is_kept(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    await invited(administrator, organization)
    code = mails.codes[ADDRESS]
    everywhere = api.database.under(PLATFORM)
    for table in ("invitations", "outbox", "idempotency_keys", "audit_journal"):
        kept = str(await rows(everywhere, f"SELECT to_jsonb({table}) FROM {table}"))
        payloads = await rows(everywhere, "SELECT payload FROM outbox")
        assert not any(secret in kept for secret in (code, code.replace("-", ""), ADDRESS)), table
        assert not any(secret.encode() in payload for (payload,) in payloads for secret in (code, ADDRESS))


async def test_one_of_two_people_with_the_code_joins(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    for _ in range(3):
        await invited(administrator, organization)
        outcomes = await asyncio.gather(*(accept(person(api), mails.codes[ADDRESS]) for _ in range(2)))
        assert sorted(outcomes) == [(200, ""), (409, "GOV_011")]


async def test_a_code_that_is_wrong_withdrawn_or_late_opens_nothing(
    api: Api, chief: tuple[Person, str], mails: FakeMails, clock: ControlledClock
) -> None:
    administrator, organization = chief
    withdrawn = await invited(administrator, organization)
    path = f"/organizations/{organization}/invitations/{withdrawn['id']}/withdraw"
    first = mails.codes[ADDRESS]
    assert (await done(await administrator.call("POST", path, json=REASON)))["state"] == "withdrawn"
    assert await accept(person(api), first) == (409, "GOV_011")
    assert await accept(person(api), new_code()) == (409, "GOV_011")
    await invited(administrator, organization)
    clock.advance(days=8)
    await api.refresher.refresh()
    assert await accept(person(api), mails.codes[ADDRESS]) == (409, "GOV_011")
    listed = (await api.data(f"/organizations/{organization}/invitations"))["items"]
    assert {each["state"] for each in listed} == {"withdrawn", "expired"}


async def test_an_invitation_ends_with_the_rights_of_the_inviter(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    """Otherwise a member who is about to leave could invite themselves under another name."""
    administrator, organization = chief
    await add_member(api, organization, person(api).id, "organization-admin")
    await invited(administrator, organization, roles=["organization-admin"])
    path = f"/organizations/{organization}/members/{administrator.id}"
    await done(await api.call("PUT", f"{path}/roles", json={"roles": [], **REASON}))
    assert await accept(person(api), mails.codes[ADDRESS]) == (409, "GOV_011")


async def test_nobody_invites_with_roles_that_permit_more_than_they_may(api: Api, chief: tuple[Person, str]) -> None:
    administrator, organization = chief
    await create_role(api, "approver", "payment:approve")
    body = {"email": ADDRESS, "expires_at": EXPIRES, "roles": ["approver"]}
    path = f"/organizations/{organization}/invitations"
    assert await administrator.refused("POST", path, json=body) == (403, "ACC_003")
    assert await administrator.refused("POST", path, json={**body, "roles": ["emperor"]}) == (422, "VAL_001")


async def test_an_invitation_that_cannot_be_mailed_is_not_stored(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    mails.away = True
    body = {"email": ADDRESS, "expires_at": EXPIRES}
    assert await administrator.refused("POST", f"/organizations/{organization}/invitations", json=body) == (503, "SRV_002")


async def test_an_organization_has_a_most_number_of_open_invitations(
    api: Api, chief: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator, organization = chief
    monkeypatch.setattr("governance.application.invitations.invite_member.OPEN_MAX", 2)
    await invited(administrator, organization)
    body = {"email": ADDRESS, "expires_at": EXPIRES}
    assert await administrator.refused("POST", f"/organizations/{organization}/invitations", json=body) == (409, "GOV_012")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"expires_at": "2026-03-21T08:00:00Z"}, "expires_at"),
        ({"expires_at": "2026-04-21T08:00:00Z"}, "expires_at"),
        ({"membership_ends_at": "2026-03-21T08:00:00Z"}, "membership_ends_at"),
        ({"email": "x"}, "email"),
    ],
)
async def test_a_malformed_invitation_is_refused_with_the_place(
    api: Api, chief: tuple[Person, str], fields: dict[str, str], field: str
) -> None:
    administrator, organization = chief
    body = {"email": ADDRESS, "expires_at": EXPIRES, **fields}
    answer = await administrator.call("POST", f"/organizations/{organization}/invitations", json=body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_a_member_who_is_invited_again_keeps_their_roles(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    await create_role(api, "clerk", "payment:create")
    await api.refresher.refresh()
    member = person(api)
    await add_member(api, organization, member.id, "clerk")
    await invited(administrator, organization, roles=["organization-admin"])
    joined = await done(await member.call("POST", "/invitations/accept", json={"code": mails.codes[ADDRESS]}))
    assert joined["roles"] == ["clerk", "organization-admin"]


def test_codes_are_long_and_compared_without_case_and_separators() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    code = codes.pop()
    assert len(code.replace("-", "")) == 32
    assert digest_of(code.lower().replace("-", " ")) == digest_of(code) != digest_of(codes.pop())
    assert hint_of("a.long.name@mail.example.na") == "a…@mail.example.na"
    assert str(new_id()) != code


async def test_nobody_accepts_their_own_invitation(api: Api, chief: tuple[Person, str], mails: FakeMails) -> None:
    administrator, organization = chief
    await invited(administrator, organization, roles=["organization-admin"])
    assert await accept(administrator, mails.codes[ADDRESS]) == (403, "ACC_002")
    assert await accept(person(api), mails.codes[ADDRESS]) == (200, "")


async def test_an_invitation_of_an_administrator_whose_membership_is_over_opens_nothing(
    api: Api, chief: tuple[Person, str], mails: FakeMails, clock: ControlledClock
) -> None:
    _, organization = chief
    dated = person(api)
    await add_member(api, organization, dated.id, "organization-admin", ends_at="2099-01-01T00:00:00Z")
    await api.refresher.refresh()
    await invited(dated, organization, membership_ends_at="2098-01-01T00:00:00Z")
    await end_on(api, organization, dated, "2026-03-22T08:00:00Z")
    clock.advance(days=2)
    assert await accept(person(api), mails.codes[ADDRESS]) == (409, "GOV_011")


async def test_a_person_whose_membership_is_over_joins_again(
    api: Api, chief: tuple[Person, str], mails: FakeMails, clock: ControlledClock
) -> None:
    administrator, organization = chief
    former = person(api)
    await add_member(api, organization, former.id, "organization-admin", ends_at="2026-03-22T08:00:00Z")
    await invited(administrator, organization)
    clock.advance(days=2)
    assert await accept(former, mails.codes[ADDRESS]) == (200, "")
    await api.refresher.refresh()
    member = await administrator.data(f"/organizations/{organization}/members/{former.id}")
    assert (member["ends_at"], member["roles"], member["joined_at"]) == (None, [], "2026-03-23T08:00:00Z")


async def end_on(api: Api, organization: str, who: Person, ends_at: str) -> None:
    body, current = {"manager_id": None, "ends_at": ends_at}, {"If-Match": '"1"'}
    await done(await api.call("PATCH", f"/organizations/{organization}/members/{who.id}", json=body, headers=current))
