"""Limits on messages to one address and one account, from any requester and under concurrency."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from identity.application.registration import one_time_codes
from services.identity.tests.contract.api import DETAILS, PASSWORD, Api


async def sent(database: Database) -> Counter[str]:
    """Count the messages that are really sent, by template."""
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT template FROM messages WHERE template <> 'nobody'"))
        return Counter(rows.scalars())


async def test_ten_concurrent_registrations_send_no_more_codes_than_ten_in_turn(api: Api, database: Database) -> None:
    answers = await asyncio.gather(*(api.request_registration() for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert await sent(database) == {"verify_email": 5}


async def test_concurrent_resends_of_several_registrations_are_limited_to_five(api: Api, database: Database) -> None:
    ids = [(await api.request_registration()).json()["data"]["verification_id"] for _ in range(3)]
    asked = (api.post("/auth/verify-email/resend", {"verification_id": each}) for each in ids * 2)
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {202}
    assert await sent(database) == {"verify_email": 5}


async def test_concurrent_notices_of_clashes_have_the_same_limit_as_codes(api: Api, database: Database) -> None:
    await api.register(username="ndapewa")
    await asyncio.gather(*(api.request_registration() for _ in range(8)))
    await asyncio.gather(*(api.request_registration(email="other@example.na", username="ndapewa") for _ in range(8)))
    # The code of the first registration was one of the five to that address.
    assert await sent(database) == {"verify_email": 1, "already_registered": 4, "registration_clashed": 5}


async def test_ten_concurrent_requests_send_five_reset_links(api: Api, database: Database) -> None:
    await api.register()
    asked = (api.post("/auth/password-reset", {"email": DETAILS["email"]}) for _ in range(10))
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {202}
    assert (await sent(database))["password_reset"] == 5


async def test_a_user_sends_codes_to_few_addresses(api: Api, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_time_codes, "SENDS_PER_HOUR_OF_ACCOUNT_MAX", 3)
    token = await api.signed_in()
    asked = [api.post("/users/me/phone", {"phone": f"+26481123450{number}"}, token=token) for number in range(5)]
    asked.append(api.post("/users/me/email", {"email": "new@example.na"}, token=token))
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {202}
    # The registration's own code was the first.
    assert sum((await sent(database)).values()) == 3


async def test_notices_of_a_kind_are_limited_to_five_an_hour_and_suppress_no_other_kind(api: Api, database: Database) -> None:
    token = await api.signed_in()
    answers = await asyncio.gather(*(api.login(device_id=str(uuid4())) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await sent(database))["new_device"] == 5
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    change = {"current_password": PASSWORD, "new_password": "Kavango-Morning-63?*"}
    assert (await api.patch(f"/users/{user_id}/password", change, token=token)).status_code == 200
    assert (await sent(database))["password_changed"] == 1
    async with database.session() as session:
        await session.execute(text("UPDATE messages SET queued_at = queued_at - interval '1 hour'"))
        await session.commit()
    await api.login(device_id=str(uuid4()), password="Kavango-Morning-63?*")
    assert (await sent(database))["new_device"] == 6
