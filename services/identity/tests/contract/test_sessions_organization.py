"""The organization that a session acts for: chosen, kept by refreshes, and left when the membership ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.rest import app_state_of
from services.identity.tests.contract.api import PASSWORD, Api, own_id, refusal
from services.identity.tests.contract.outbox import recording
from services.identity.tests.fakes import Fakes

ORGANIZATION, OTHER = uuid4(), uuid4()
REFUSED = (403, "ACC_004")


class Member:
    """A signed-in member of ORGANIZATION."""

    def __init__(self, api: Api, verifier: TokenVerifier, pair: dict[str, Any]) -> None:
        self.api, self.verifier, self.pair = api, verifier, pair

    async def session_id(self) -> UUID:
        return (await self.verifier.verify(self.pair["access_token"])).session_id

    async def choose(self, organization_id: UUID | None, *, session_id: UUID | None = None) -> httpx.Response:
        path = f"/api/v1/sessions/{session_id or await self.session_id()}/organization"
        headers = {"Authorization": f"Bearer {self.pair['access_token']}"}
        body = {"organization_id": str(organization_id) if organization_id else None}
        return await self.api.client.put(path, json=body, headers=headers)

    async def refresh(self) -> dict[str, Any]:
        answer = await self.api.refresh(self.pair["refresh_token"])
        assert answer.status_code == httpx.codes.OK
        self.pair = answer.json()["data"]
        return self.pair

    async def acts_for(self, token: str) -> UUID | None:
        return (await self.verifier.verify(token)).organization_id


@pytest.fixture
async def member(api: Api, verifier: TokenVerifier, fakes: Fakes) -> Member:
    await api.register()
    pair = (await api.login()).json()["data"]
    fakes.roles.memberships[UUID(await own_id(api, pair["access_token"]))] = frozenset({ORGANIZATION})
    return Member(api, verifier, pair)


async def test_a_member_chooses_the_organization_and_gets_a_token_for_it(member: Member, database: Database) -> None:
    assert await member.acts_for(member.pair["access_token"]) is None
    async with recording(database) as record:
        answer = await member.choose(ORGANIZATION)
    chosen = answer.json()["data"]
    assert (answer.status_code, chosen["organization_id"]) == (200, str(ORGANIZATION))
    assert await member.acts_for(chosen["access_token"]) == ORGANIZATION
    [fact] = record.facts
    assert (fact["action"], fact["resource_id"]) == ("identity.session.set_organization", str(await member.session_id()))
    assert (fact["before"], fact["after"]) == ({"organization_id": None}, {"organization_id": str(ORGANIZATION)})
    assert str(ORGANIZATION) in fact["related_ids"]
    session = (await member.api.get(f"/sessions/{await member.session_id()}", token=chosen["access_token"])).json()["data"]
    assert session["organization_id"] == str(ORGANIZATION)


async def test_what_is_done_with_the_token_is_recorded_for_the_organization(member: Member, database: Database) -> None:
    token = (await member.choose(ORGANIZATION)).json()["data"]["access_token"]
    async with recording(database) as record:
        issued = await member.api.post("/wallet-addresses", {"currency": "NAD"}, token=token)
    assert issued.status_code == httpx.codes.CREATED
    assert [fact["organization_id"] for fact in record.facts] == [str(ORGANIZATION)]


async def test_choosing_it_again_or_the_person_alone_is_possible_and_repeatable(member: Member, database: Database) -> None:
    await member.choose(ORGANIZATION)
    async with recording(database) as record:
        again = (await member.choose(ORGANIZATION)).json()["data"]
        alone = [(await member.choose(None)).json()["data"] for _ in range(2)]
    assert await member.acts_for(again["access_token"]) == ORGANIZATION
    assert [await member.acts_for(each["access_token"]) for each in alone] == [None, None]
    # Nothing changes the second time, so nothing is recorded.
    assert record.actions == ["identity.session.set_organization"]


async def test_refreshed_tokens_keep_the_organization(member: Member) -> None:
    await member.choose(ORGANIZATION)
    for _ in range(2):
        pair = await member.refresh()
        assert (pair["organization_id"], await member.acts_for(pair["access_token"])) == (str(ORGANIZATION), ORGANIZATION)


async def test_a_step_up_keeps_the_organization(member: Member) -> None:
    await member.choose(ORGANIZATION)
    answer = await member.api.post("/auth/step-up", {"password": PASSWORD}, token=member.pair["access_token"])
    assert await member.acts_for(answer.json()["data"]["access_token"]) == ORGANIZATION


async def test_a_new_session_acts_for_the_person_alone(member: Member) -> None:
    await member.choose(ORGANIZATION)
    pair = (await member.api.login()).json()["data"]
    assert (pair["organization_id"], await member.acts_for(pair["access_token"])) == (None, None)


async def _refreshed(member: Member) -> str:
    pair = await member.refresh()
    assert pair["organization_id"] is None
    return str(pair["access_token"])


async def _stepped_up(member: Member) -> str:
    answer = await member.api.post("/auth/step-up", {"password": PASSWORD}, token=member.pair["access_token"])
    return str(answer.json()["data"]["access_token"])


@pytest.mark.parametrize("renew", [_refreshed, _stepped_up], ids=["refresh", "step-up"])
async def test_when_the_membership_has_ended_the_person_acts_alone(
    member: Member, fakes: Fakes, database: Database, renew: Callable[[Member], Awaitable[str]]
) -> None:
    await member.choose(ORGANIZATION)
    fakes.roles.memberships.clear()
    async with recording(database) as record:
        token = await renew(member)
    assert await member.acts_for(token) is None
    [left] = [fact for fact in record.facts if fact["action"] == "identity.session.leave_organization"]
    assert (left["reason"], left["after"]) == ("membership_ended", {"organization_id": None})
    # Joining again does not bring it back: the person chooses it again.
    fakes.roles.memberships[UUID(await own_id(member.api, token))] = frozenset({ORGANIZATION})
    assert (await member.refresh())["organization_id"] is None


@pytest.mark.parametrize("way", ["logout", "logout-all", "session", "alone"])
async def test_a_session_whose_membership_ended_can_still_be_left(
    member: Member, database: Database, clock: ControlledClock, way: str
) -> None:
    token = (await member.choose(ORGANIZATION)).json()["data"]["access_token"]
    member.pair["access_token"] = token
    session_id, user_id = await member.session_id(), (await member.verifier.verify(token)).subject_id
    app_state_of(member.api.client).access_control.memberships.end(user_id, str(ORGANIZATION), at=clock.now())
    assert refusal(await member.api.get("/users/me", token=token)) == REFUSED
    async with recording(database) as record:
        match way:
            case "logout" | "logout-all":
                left = await member.api.post(f"/auth/{way}", {} if way == "logout-all" else None, token=token)
            case "session":
                left = await member.api.delete(f"/sessions/{session_id}", token=token)
            case _:
                left = await member.choose(None)
    assert left.status_code in {200, 204}, left.text
    if way == "alone":
        assert await member.acts_for(left.json()["data"]["access_token"]) is None
    else:
        assert record.actions[0].startswith("identity.session.end")
    # What is done is the person's.
    assert {fact.get("organization_id") for fact in record.facts} == {None}


async def test_an_organization_of_others_is_refused_and_nothing_changes(member: Member, database: Database) -> None:
    await member.choose(ORGANIZATION)
    async with recording(database) as record:
        refused = await member.choose(OTHER)
    assert refusal(refused) == REFUSED
    assert record.facts == []
    assert (await member.refresh())["organization_id"] == str(ORGANIZATION)


async def test_only_the_session_of_the_token_can_be_changed(member: Member, database: Database) -> None:
    other = (await member.api.login(device_id=str(uuid4()))).json()["data"]
    others_session = (await member.verifier.verify(other["access_token"])).session_id
    async with recording(database) as record:
        for session_id in (others_session, uuid4()):
            assert refusal(await member.choose(ORGANIZATION, session_id=session_id)) == (404, "RES_001")
    assert record.facts == []


async def test_without_governance_no_organization_is_chosen(member: Member, fakes: Fakes, database: Database) -> None:
    fakes.roles.away = True
    async with recording(database) as record:
        assert refusal(await member.choose(ORGANIZATION)) == (503, "SRV_002")
    assert record.facts == []


async def test_an_ended_session_is_not_changed(member: Member, database: Database, clock: ControlledClock) -> None:
    await member.api.post("/auth/logout", token=member.pair["access_token"])
    clock.advance(seconds=1)
    async with recording(database) as record:
        assert refusal(await member.choose(ORGANIZATION)) == (401, "AUTH_003")
    assert record.facts == []


async def test_concurrent_choices_change_the_session_one_after_the_other(
    member: Member, fakes: Fakes, database: Database
) -> None:
    user_id = UUID(await own_id(member.api, member.pair["access_token"]))
    fakes.roles.memberships[user_id] = frozenset({ORGANIZATION, OTHER})
    async with recording(database) as record:
        answers = await asyncio.gather(*(member.choose(each) for each in (ORGANIZATION, OTHER, ORGANIZATION, OTHER)))
    assert {answer.status_code for answer in answers} == {200}
    # Each fact begins where the one before it ended.
    states = [(fact["before"], fact["after"]) for fact in record.facts]
    assert [before for before, _ in states[1:]] == [after for _, after in states[:-1]]


@pytest.mark.parametrize(
    "body", [{}, {"organization_id": "acme"}, {"organization_id": 7}, {"organization_id": None, "role": "admin"}], ids=repr
)
async def test_a_malformed_choice_is_refused(member: Member, body: dict[str, object]) -> None:
    path = f"/api/v1/sessions/{await member.session_id()}/organization"
    answer = await member.api.client.put(path, json=body, headers={"Authorization": f"Bearer {member.pair['access_token']}"})
    assert refusal(answer) == (422, "VAL_001")
