"""The rules for a password, wherever it is chosen.

A password without a second factor may have to be longer (NIST SP 800-63B-4). No password may contain a word that is
commonly known about its owner.
"""

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.settings import IdentitySettings
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.stored import MASTER_KEY

# 14 characters: long enough with a second factor, too short without.
SHORT, SHORTER = "Kunene-Sun-63!", "Kunene-Fog-63!"


@pytest.fixture
def settings() -> IdentitySettings:
    return IdentitySettings(master_key=MASTER_KEY, argon2_memory_kib=64, argon2_passes=1, password_length_min_single_factor=15)


def too_short(answer: httpx.Response) -> bool:
    return answer.status_code == 422 and "too short" in answer.text


async def change(api: Api, token: str, current: str, new: str) -> httpx.Response:
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    return await api.patch(f"/users/{user_id}/password", {"current_password": current, "new_password": new}, token=token)


async def reset(api: Api, identity: Identity, database: Database, password: str) -> httpx.Response:
    await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})
    link = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    return await api.post("/auth/password-reset/confirm", {"token": link, "password": password})


async def test_a_password_without_a_second_factor_must_be_long(api: Api, identity: Identity, database: Database) -> None:
    assert too_short(await api.request_registration(password=SHORT))
    token = await api.signed_in()
    assert too_short(await change(api, token, PASSWORD, SHORT))
    assert too_short(await reset(api, identity, database, SHORT))


async def test_a_password_with_a_second_factor_may_be_shorter(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    app = await second_factor(api, await api.signed_in(), clock)
    # A token from before has too low an assurance.
    refused = await change(api, app.token, PASSWORD, SHORT)
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_005")
    clock.advance(seconds=60)
    stepped = (await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)).json()["data"]
    assert (await change(api, stepped["access_token"], PASSWORD, SHORT)).status_code == 200
    assert (await reset(api, identity, database, SHORTER)).status_code == 200


OWNER = {"email": "kaokoland@example.na", "organization": "Namib Mills", "username": "oryx.rider"}
# A word of the name, of the mailbox, of the organization, and of the username.
OF_OWNER = ["Big-Shikongo-63!", "Big-Kaokoland-63!", "Big-Mills-Sun-63!", "Big-Rider-Sun-63!"]


def of_owner(answer: httpx.Response) -> bool:
    return answer.status_code == 422 and "must not contain" in answer.text


@pytest.mark.parametrize("password", OF_OWNER)
async def test_a_password_with_a_word_about_its_owner_is_refused(
    api: Api, identity: Identity, database: Database, password: str
) -> None:
    assert of_owner(await api.request_registration(**OWNER, password=password))
    token = await api.signed_in(**OWNER)
    assert of_owner(await change(api, token, PASSWORD, password))
    await api.post("/auth/password-reset", {"email": OWNER["email"]})
    link = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    assert of_owner(await api.post("/auth/password-reset/confirm", {"token": link, "password": password}))
    # Words about other people are allowed.
    others = {"full_name": "Anna Example", "email": "anna@example.na", "phone": "+264811234560"}
    assert (await api.request_registration(**others, password=password)).status_code == 202


# Equal however it is typed: precomposed or combining characters, on any keyboard.
COMPOSED = ["\u00c5shana-Sunrise-47!", "\u00c5shana-Morning-63!", "\u00c5shana-Evening-81!"]
APART = [each.replace("\u00c5", "A\u030a") for each in COMPOSED]


@pytest.mark.parametrize(("given", "typed"), [(COMPOSED, APART), (APART, COMPOSED)], ids=["precomposed", "combining"])
async def test_a_password_is_the_same_from_every_keyboard(
    api: Api, identity: Identity, database: Database, given: list[str], typed: list[str]
) -> None:
    assert (await api.register(password=given[0])).status_code == 200
    login = await api.login(password=typed[0])
    assert login.status_code == 200
    token = login.json()["data"]["access_token"]
    assert (await api.post("/auth/step-up", {"password": typed[0]}, token=token)).status_code == 200
    again = await change(api, token, typed[0], typed[0])
    assert (again.status_code, "last five" in again.text) == (422, True)
    assert (await change(api, token, typed[0], given[1])).status_code == 200
    assert (await api.login(password=typed[1])).status_code == 200
    assert (await reset(api, identity, database, given[2])).status_code == 200
    assert (await api.login(password=typed[2])).status_code == 200
    await identity.users.create_administrator(email="admin@elcorp.na", password=given[0], only_first=True)
    assert (await api.login(email="admin@elcorp.na", password=typed[0])).status_code == 200
