"""A password that stands alone may be asked to be longer than one with a second factor beside it (NIST SP 800-63B-4)."""

import httpx
import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.settings import IdentitySettings
from services.identity.tests.conftest import MASTER_KEY
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.mailbox import mail

# Of 14 characters: enough beside a second factor, too short alone.
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
    link = str((await mail(identity, database))[-1].facts["link"]).partition("#token=")[2]
    return await api.post("/auth/password-reset/confirm", {"token": link, "password": password})


async def test_alone_it_must_be_long(api: Api, identity: Identity, database: Database) -> None:
    assert too_short(await api.request_registration(password=SHORT))
    token = await api.signed_in()
    assert too_short(await change(api, token, PASSWORD, SHORT))
    assert too_short(await reset(api, identity, database, SHORT))


async def test_beside_a_second_factor_it_may_be_shorter(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    app = await second_factor(api, await api.signed_in(), clock)
    # In a session of one factor it stands alone.
    assert too_short(await change(api, app.token, PASSWORD, SHORT))
    clock.advance(seconds=60)
    stepped = (await api.post("/auth/step-up", {"code": app.code()}, token=app.token)).json()["data"]
    assert (await change(api, stepped["access_token"], PASSWORD, SHORT)).status_code == 200
    assert (await reset(api, identity, database, SHORTER)).status_code == 200
