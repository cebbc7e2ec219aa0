"""The e-mail address and telephone number change only after the code sent to the new one is confirmed."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.mailbox import mail, sent
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

JOHANNES = {"full_name": "Johannes Amupolo", "email": "johannes@example.na", "phone": "+264811234568"}


@dataclass(frozen=True, slots=True)
class Way:
    """An e-mail address or telephone number: a new one, the present one, another user's, and the messages to each."""

    name: str
    new: str
    present: str
    taken: str
    template: str
    notice: str

    @property
    def other(self) -> str:
        return "phone" if self.name == "email" else "email"


EMAIL = Way("email", "new@example.na", "ndapewa@example.na", JOHANNES["email"], "verify_email", "email_changed")
PHONE = Way("phone", "+264811234599", "+264811234567", JOHANNES["phone"], "verify_phone", "phone_changed")
both = pytest.mark.parametrize("way", [EMAIL, PHONE], ids=lambda way: way.name)


@pytest.fixture
async def token(api: Api) -> str:
    await api.register(**JOHANNES)
    return await api.signed_in()


async def ask(api: Api, way: Way, contact: str, token: str) -> httpx.Response:
    return await api.post(f"/users/me/{way.name}", {way.name: contact}, token=token)


async def asked(api: Api, way: Way, contact: str, token: str) -> str:
    answer = await ask(api, way, contact, token)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["verification_id"])


async def me(api: Api, token: str) -> dict[str, Any]:
    data: dict[str, Any] = (await api.get("/users/me", token=token)).json()["data"]
    return data


@pytest.mark.clause("ASVS 7.5.1")
@both
async def test_a_change_needs_a_recent_sign_in(api: Api, token: str, clock: ControlledClock, way: Way) -> None:
    clock.advance(seconds=300)
    assert (await ask(api, way, way.new, token)).status_code == 202
    clock.advance(seconds=1)
    refused = await ask(api, way, way.new, token)
    assert (refusal(refused), refused.json()["step_up"]) == ((401, "AUTH_005"), {"acr_values": None, "max_age": 300})


@both
async def test_a_contact_changes_once_its_code_is_confirmed_and_the_owner_is_notified(
    api: Api, token: str, identity: Identity, database: Database, clock: ControlledClock, way: Way
) -> None:
    before = await me(api, token)
    verification_id = await asked(api, way, way.new, token)
    assert await me(api, token) == before
    clock.advance(seconds=60)
    assert (await api.verify(verification_id, channel=way.name)).status_code == 200
    at = "2026-03-21T08:01:00Z"
    assert await me(api, token) == {**before, way.name: way.new, f"{way.name}_verified_at": at}
    # The owner is notified at the address or number from before the change.
    written = [(each.template, each.to) for each in await mail(database)]
    assert written[-2:] == [(way.template, way.new), (way.notice, EMAIL.present)]


@both
async def test_the_present_contact_is_confirmed_without_a_notice_of_change(
    api: Api, token: str, database: Database, clock: ControlledClock, way: Way
) -> None:
    clock.advance(seconds=60)
    verification_id = await asked(api, way, way.present, token)
    assert (await api.verify(verification_id, channel=way.name)).status_code == 200
    now = await me(api, token)
    assert (now[way.name], now[f"{way.name}_verified_at"]) == (way.present, "2026-03-21T08:01:00Z")
    assert (await sent(database))[-1] == way.template


@both
async def test_another_users_contact_is_refused_and_gets_no_code(api: Api, token: str, database: Database, way: Way) -> None:
    theirs = (await api.login(email=JOHANNES["email"])).json()["data"]["access_token"]
    await api.verify(await asked(api, PHONE, PHONE.taken, theirs), channel="phone")
    verification_id = await asked(api, way, way.taken, token)
    assert (await sent(database))[-1] == "nobody"
    resent = await api.post(f"/auth/verify-{way.name}/resend", {"verification_id": verification_id})
    assert (resent.status_code, (await sent(database))[-1]) == (202, "nobody")
    assert refusal(await api.verify(verification_id, channel=way.name)) == (401, "AUTH_010")
    assert (await me(api, token))[way.name] == way.present


@both
async def test_a_contact_that_another_user_confirmed_meanwhile_is_refused(api: Api, token: str, way: Way) -> None:
    theirs = (await api.login(email=JOHANNES["email"])).json()["data"]["access_token"]
    mine, other = await asked(api, way, way.new, token), await asked(api, way, way.new, theirs)
    assert (await api.verify(other, channel=way.name)).status_code == 200
    assert refusal(await api.verify(mine, channel=way.name)) == (409, "RES_002")
    assert (await me(api, token))[way.name] == way.present


@both
async def test_a_code_confirms_only_its_own_channel(api: Api, token: str, database: Database, way: Way) -> None:
    verification_id = await asked(api, way, way.new, token)
    assert refusal(await api.verify(verification_id, channel=way.other)) == (401, "AUTH_010")
    notice = len(await sent(database))
    await api.post(f"/auth/verify-{way.other}/resend", {"verification_id": verification_id})
    assert len(await sent(database)) == notice
    await api.post(f"/auth/verify-{way.name}/resend", {"verification_id": verification_id})
    assert (await sent(database))[notice:] == [way.template]
    assert (await api.verify(verification_id, channel=way.name)).status_code == 200


@both
@pytest.mark.parametrize("remedy", ["password", "reset", "logout-all", "session", "device"])
async def test_changes_requested_by_a_thief_end_with_the_thiefs_session(
    api: Api, token: str, identity: Identity, database: Database, clock: ControlledClock, way: Way, remedy: str
) -> None:
    thief = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    verification_id = await asked(api, way, way.new, thief)
    clock.advance(seconds=1)
    if remedy == "password":
        body = {"current_password": PASSWORD, "new_password": "Okavango-Evening-41?*"}
        assert (await api.patch(f"/users/{(await me(api, token))['id']}/password", body, token=token)).status_code == 200
    elif remedy == "reset":
        await api.post("/auth/password-reset", {"email": EMAIL.present})
        link = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
        body = {"token": link, "password": "Okavango-Evening-41?*"}
        assert (await api.post("/auth/password-reset/confirm", body)).status_code == 200
    elif remedy == "logout-all":
        assert (await api.post("/auth/logout-all", {}, token=token)).status_code in {200, 204}
    else:
        (session,) = [one for one in (await api.get("/sessions", token=token)).json()["data"]["items"] if not one["current"]]
        path = f"/sessions/{session['id']}" if remedy == "session" else f"/devices/{session['device_id']}"
        assert (await api.delete(path, token=token)).status_code == 204
    written = await sent(database)

    assert (await api.post(f"/auth/verify-{way.name}/resend", {"verification_id": verification_id})).status_code == 202
    assert refusal(await api.verify(verification_id, channel=way.name)) == (401, "AUTH_010")
    assert await sent(database) == written
    login = await api.login(password=PASSWORD if remedy not in {"password", "reset"} else "Okavango-Evening-41?*")
    profile = await me(api, login.json()["data"]["access_token"])
    assert (profile["email"], profile["phone"]) == (EMAIL.present, PHONE.present)


@both
async def test_codes_to_one_address_are_limited_to_five_an_hour(
    api: Api, token: str, database: Database, clock: ControlledClock, way: Way
) -> None:
    async def codes() -> int:
        return (await sent(database)).count(way.template)

    before = await codes()
    for _ in range(7):
        await asked(api, way, way.new, token)
    assert await codes() == before + 5
    # Five more an hour later; a token's lifetime is shorter than that.
    clock.advance(seconds=3601)
    await asked(api, way, way.new, (await api.login()).json()["data"]["access_token"])
    assert await codes() == before + 6


@both
async def test_a_barred_user_changes_no_contact(api: Api, token: str, fakes: Fakes, way: Way) -> None:
    verification_id = await asked(api, way, way.new, token)
    user_id = (await me(api, token))["id"]
    admin = await signed_in_as(api, fakes, "admin")
    await api.post(f"/users/{user_id}/suspend", {"reason": "Reported as stolen"}, token=admin)
    assert refusal(await api.verify(verification_id, channel=way.name)) == (404, "RES_001")
    # The token is still valid for minutes after the suspension.
    assert refusal(await ask(api, way, way.new, token)) == (404, "RES_001")
    assert (await api.get(f"/users/{user_id}", token=admin)).json()["data"][way.name] == way.present
