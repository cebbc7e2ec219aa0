"""Wrong second-factor codes are counted per device and session, so that a thief cannot lock the owner out."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.testing.clocks import ControlledClock
from identity.domain import code_failures
from services.identity.tests.contract.api import ARRANGING, Api, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

# Fewer than the real twenty an hour, to save requests; test_step_up.py tests the real number.
LIMIT = 4
WRONG = "0000-0000-0000"
WRONG_PASSWORD = "Wrong-Sunrise-47!"


@pytest.fixture(autouse=True)
def _low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_failures, "_LIMITS", ((LIMIT, timedelta(hours=1)),))


@pytest.fixture
async def known(api: Api) -> dict[str, Any]:
    """The device id and token that make the owner's device known."""
    await api.register()
    return {"device_token": (await api.login()).json()["data"]["device_token"]}


@pytest.fixture
async def app(api: Api, known: dict[str, Any], clock: ControlledClock) -> App:
    token = (await api.login(**known)).json()["data"]["access_token"]
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    return app


async def show(api: Api, code: str, **login: Any) -> httpx.Response:
    """Sign in with the right password and send the code."""
    challenge = (await api.login(**login)).json()["data"]["challenge"]
    return await api.post("/auth/login/verify", {"challenge": challenge, "code": code})


async def fail(api: Api, times: int, **login: Any) -> None:
    arranging = ARRANGING.set(True)
    challenge = (await api.login(**login)).json()["data"]["challenge"]
    for _ in range(times):
        wrong = await api.post("/auth/login/verify", {"challenge": challenge, "code": WRONG})
        assert refusal(wrong) == (401, "AUTH_006")
    ARRANGING.reset(arranging)


@pytest.mark.clause("ASVS 6.1.1")
async def test_a_thief_of_the_password_does_not_lock_out_a_known_device(api: Api, app: App, known: dict[str, Any]) -> None:
    # The device's id is no proof: the thief sends it too.
    await fail(api, LIMIT)
    for stranger in ({}, {"device_id": str(uuid4())}, {"device_id": str(uuid4()), **known}):
        assert refusal(await show(api, app.code(), **stranger)) == (429, "RATE_001")
    assert (await show(api, app.code(), **known)).status_code == 200
    # The owner's success there gives unknown devices no further tries.
    assert refusal(await show(api, app.code(1))) == (429, "RATE_001")


@pytest.mark.clause("ASVS 6.1.1")
async def test_a_known_device_has_a_limit_of_wrong_codes_too(api: Api, app: App, known: dict[str, Any]) -> None:
    await fail(api, LIMIT, **known)
    assert refusal(await show(api, app.code(), **known)) == (429, "RATE_001")
    assert (await show(api, app.code())).status_code == 200


@pytest.mark.clause("ASVS 6.1.1")
async def test_a_thief_of_a_token_locks_out_no_other_session_and_no_sign_in(
    api: Api, app: App, known: dict[str, Any], clock: ControlledClock
) -> None:
    for _ in range(LIMIT):
        assert refusal(await api.post("/auth/step-up", {"code": WRONG}, token=app.token)) == (401, "AUTH_006")
    limited = await api.post("/auth/step-up", {"code": app.code()}, token=app.token)
    assert (refusal(limited), limited.headers["Retry-After"]) == ((429, "RATE_001"), "3600")
    # On that session's own device, and on an unknown one.
    for number, login in enumerate((known, {"device_id": str(uuid4())})):
        clock.advance(seconds=30 * number)
        signed_in = await show(api, app.code(), **login)
        assert signed_in.status_code == 200
        clock.advance(seconds=30)
        own = signed_in.json()["data"]["access_token"]
        assert (await api.post("/auth/step-up", {"code": app.code()}, token=own)).status_code == 200


async def test_a_right_code_or_password_clears_the_wrong_ones(
    api: Api, app: App, known: dict[str, Any], clock: ControlledClock
) -> None:
    for _ in range(2):
        await fail(api, LIMIT - 1, **known)
        signed_in = await show(api, app.code(), **known)
        assert signed_in.status_code == 200
        clock.advance(seconds=30)
    token = signed_in.json()["data"]["access_token"]
    for _ in range(2):
        for _ in range(LIMIT - 1):
            await api.post("/auth/step-up", {"code": WRONG}, token=token)
        assert (await api.post("/auth/step-up", {"code": app.code()}, token=token)).status_code == 200
        clock.advance(seconds=30)


async def test_a_right_password_clears_the_wrong_ones_of_its_session(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    for _ in range(2):
        for _ in range(LIMIT - 1):
            wrong = await api.post("/auth/step-up", {"password": WRONG_PASSWORD}, token=token)
            assert refusal(wrong) == (401, "AUTH_001")
        assert (await api.post("/auth/step-up", {"password": "Oshana-Sunrise-47!"}, token=token)).status_code == 200


async def test_retry_after_says_when_the_oldest_failure_is_an_hour_old(api: Api, app: App, clock: ControlledClock) -> None:
    await fail(api, 1)
    clock.advance(seconds=1800)
    await fail(api, LIMIT - 1)
    clock.advance(seconds=600)
    assert (await show(api, app.code())).headers["Retry-After"] == "1200"
    clock.advance(seconds=1199)
    assert (await show(api, app.code())).headers["Retry-After"] == "1"
    clock.advance(seconds=1)
    assert (await show(api, app.code())).status_code == 200


async def test_concurrent_tries_have_the_same_limit(api: Api, app: App) -> None:
    await fail(api, 2)
    challenges = [(await api.login()).json()["data"]["challenge"] for _ in range(5)]
    answers = await asyncio.gather(
        *(api.post("/auth/login/verify", {"challenge": challenge, "code": WRONG}) for challenge in challenges)
    )
    assert sorted(answer.status_code for answer in answers) == [401] * 2 + [429] * 3


async def test_an_administrator_unlocks_known_devices_sessions_and_unknown_devices(
    api: Api, app: App, known: dict[str, Any], fakes: Fakes
) -> None:
    user_id = (await api.get("/users/me", token=app.token)).json()["data"]["id"]
    admin = await signed_in_as(api, fakes, "admin")
    await fail(api, LIMIT)
    await fail(api, LIMIT, **known)
    for _ in range(LIMIT):
        await api.post("/auth/step-up", {"code": WRONG}, token=app.token)
    assert refusal(await show(api, app.code(), **known)) == (429, "RATE_001")
    unlocked = await api.post(f"/users/{user_id}/unlock", {"reason": "Called from the number on file"}, token=admin)
    assert unlocked.status_code == 204
    # Still wrong codes, but no longer over the limit.
    assert refusal(await show(api, WRONG, **known)) == (401, "AUTH_006")
    assert refusal(await show(api, WRONG)) == (401, "AUTH_006")
    assert refusal(await api.post("/auth/step-up", {"code": WRONG}, token=app.token)) == (401, "AUTH_006")
