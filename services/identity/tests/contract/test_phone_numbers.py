"""Telephone numbers are unique once verified: entering one blocks nobody from using it, and reveals nobody."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.messages.texts import letter
from identity.domain.message import Template
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import recording
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

NUMBER = "+264811234567"
SQUATTER, OWNER, THIRD = (f"{name}@example.na" for name in ("squatter", "owner", "third"))


async def signed_in(api: Api, email: str) -> str:
    token: str = (await api.login(email=email)).json()["data"]["access_token"]
    return token


async def registered(api: Api, email: str, **changes: Any) -> str:
    """Register with the number, and return the access token."""
    assert (await api.register(email=email, **changes)).status_code == 200
    return await signed_in(api, email)


async def me(api: Api, token: str) -> dict[str, Any]:
    data: dict[str, Any] = (await api.get("/users/me", token=token)).json()["data"]
    return data


async def prove(api: Api, token: str, number: str = NUMBER) -> httpx.Response:
    asked = await api.post("/users/me/phone", {"phone": number}, token=token)
    return await api.verify(asked.json()["data"]["verification_id"], channel="phone")


async def letters(identity: Identity, database: Database, to: str) -> Sequence[tuple[str, str]]:
    """Return what was queued for a recipient; decoys have no text."""
    queued = [each for each in await mail(database) if each.to == to]
    return [(each.template.value, "" if each.template is Template.DECOY else letter(each).text) for each in queued]


async def test_an_unverified_number_blocks_nobody_from_registering_or_verifying_it(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    squatter = await registered(api, SQUATTER)
    owner = await registered(api, OWNER)
    assert (await me(api, squatter))["phone"] == (await me(api, owner))["phone"] == NUMBER
    before = await me(api, squatter)
    clock.advance(seconds=60)
    async with recording(database) as record:
        assert (await prove(api, owner)).status_code == 200
    assert (await me(api, owner))["phone_verified_at"] == "2026-03-21T08:01:00Z"
    # Removed from the user who never verified it: recorded with the verification's id only, and notified without naming anyone.
    assert await me(api, squatter) == {**before, "phone": None}
    (removed,) = [fact for fact in record.facts if fact["action"] == "identity.user.remove_phone"]
    (accepted,) = [fact for fact in record.facts if fact["action"] == "identity.verification.accept"]
    assert (removed["resource_id"], removed["reason"]) == (before["id"], "verified_by_another")
    assert removed["related_ids"] == [accepted["resource_id"]]
    *_, (template, text) = await letters(identity, database, SQUATTER)
    assert template == "phone_removed"
    assert not [word for word in ("81123", "owner", "belongs", "another", "account of") if word in text]


async def test_a_verified_number_belongs_to_nobody_else(api: Api, identity: Identity, database: Database) -> None:
    owner, squatter = await registered(api, OWNER), await registered(api, SQUATTER, phone="+264811234568")
    assert (await prove(api, owner)).status_code == 200
    refused = await prove(api, squatter)
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_010")
    # A decoy is dropped before it is sent.
    assert [template for template, _ in await letters(identity, database, NUMBER)] == ["verify_phone", "nobody"]
    assert (await me(api, owner))["phone"] == NUMBER
    # The owner's next number replaces the earlier one, which becomes free.
    assert (await prove(api, owner, "+264811234569")).status_code == 200
    assert (await prove(api, squatter)).status_code == 200


async def test_registering_does_not_reveal_who_has_a_number(api: Api, identity: Identity, database: Database) -> None:
    owner = await registered(api, OWNER)
    assert (await prove(api, owner)).status_code == 200
    for email, number in ((SQUATTER, NUMBER), (THIRD, "+264811234570")):
        token = await registered(api, email, phone=number)
        mine = await me(api, token)
        assert (mine["phone"], mine["phone_verified_at"]) == (number, None)
    taken, free = [await letters(identity, database, to) for to in (SQUATTER, THIRD)]
    assert [template for template, _ in taken] == ["verify_email"]
    assert taken == free


async def test_a_clash_reveals_neither_the_other_user_nor_the_field(api: Api, identity: Identity, database: Database) -> None:
    await registered(api, OWNER, username="ndapewa")
    await api.request_registration(email=THIRD, username="ndapewa")
    ((template, text),) = await letters(identity, database, THIRD)
    assert template == "registration_clashed"
    words = ("number", "telephone", "username", "belongs", "another account", "ndapewa", "81123")
    assert not [word for word in words if word in text]


async def test_of_two_concurrent_verifications_of_a_number_one_succeeds(api: Api, database: Database, identity: Identity) -> None:
    tokens = [await registered(api, SQUATTER), await registered(api, OWNER, phone="+264811234568")]
    asked = [await api.post("/users/me/phone", {"phone": NUMBER}, token=token) for token in tokens]
    ids = [answer.json()["data"]["verification_id"] for answer in asked]
    answers = await asyncio.gather(*(api.verify(each, channel="phone") for each in ids))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    held = [(await me(api, token))["phone_verified_at"] is not None for token in tokens]
    assert held == [answer.status_code == 200 for answer in answers]


async def test_two_users_who_verify_each_others_numbers_do_not_deadlock(api: Api) -> None:
    numbers = [NUMBER, "+264811234568"]
    tokens = [await registered(api, email, phone=number) for email, number in zip((SQUATTER, OWNER), numbers, strict=True)]
    asked = [
        await api.post("/users/me/phone", {"phone": number}, token=token)
        for token, number in zip(tokens, reversed(numbers), strict=True)
    ]
    ids = [answer.json()["data"]["verification_id"] for answer in asked]
    answers = await asyncio.gather(*(api.verify(each, channel="phone") for each in ids))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [(await me(api, token))["phone"] for token in tokens] == [*reversed(numbers)]


async def test_staff_find_every_user_who_gave_a_number(api: Api, fakes: Fakes) -> None:
    owner, squatter = await registered(api, OWNER), await registered(api, SQUATTER)
    admin = await signed_in_as(api, fakes, "admin")
    found = (await api.get("/users?reason=complaint+4711&phone=%2B264811234567", token=admin)).json()["data"]["items"]
    assert {each["id"] for each in found} == {(await me(api, token))["id"] for token in (owner, squatter)}
    await prove(api, owner)
    details = {"full_name": "Selma Nangolo", "email": "selma@example.na", "phone": NUMBER}
    refused = await api.post("/users", details, token=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "RES_002")


@pytest.mark.parametrize("typed", ["+264 (0)81 123 4567", "+264 081 1234567"])
async def test_all_spellings_of_a_number_are_one_number(api: Api, typed: str) -> None:
    squatter, owner = await registered(api, SQUATTER, phone=typed), await registered(api, OWNER)
    await prove(api, owner)
    assert (await me(api, squatter))["phone"] is None
