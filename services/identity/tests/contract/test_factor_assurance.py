"""The assurance required to change a second factor, equal for all factors; and the purpose of each challenge."""

import httpx
import pytest

from chassis.testing.clocks import ControlledClock
from identity.domain.passkey import PER_USER_MAX
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.passkeys import (
    REGISTER,
    SIGN_IN,
    STEP_UP,
    add_passkey,
    begin,
    sign_in_with_passkey,
    step_up_with_passkey,
)
from services.identity.tests.fakes import Fakes

# Fixed ids, because they are part of the tests' names.
NOBODYS = "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"
PASSKEY = {"ceremony_id": NOBODYS, "name": "Laptop", "credential": {"id": "made-up"}}
ADDING = [
    ("POST", "/factors/totp", None),
    ("POST", "/factors/totp/confirm", {"code": "000000"}),
    ("POST", "/factors/passkeys/options", None),
    ("POST", "/factors/passkeys", PASSKEY),
]
REMOVING = [
    ("DELETE", "/factors/totp", None),
    ("POST", "/factors/backup-codes", None),
    ("DELETE", f"/factors/passkeys/{NOBODYS}", None),
]


async def ask(api: Api, token: str, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await api.client.request(method, f"/api/v1/auth{path}", json=body, headers=headers)


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    """A user with an app; `first_token` was issued for one factor, `token` for two, just now."""
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)
    app.first_token, app.token = app.token, stepped.json()["data"]["access_token"]
    return app


@pytest.mark.parametrize(("method", "path", "body"), [*ADDING, *REMOVING])
async def test_changing_a_factor_needs_two_factors_of_the_last_five_minutes(
    api: Api, app: App, clock: ControlledClock, method: str, path: str, body: object
) -> None:
    refused = await ask(api, app.first_token, method, path, body)
    assert (refusal(refused), refused.json()["step_up"]["acr_values"]) == ((401, "AUTH_005"), "urn:elcorp:acr:mfa")
    clock.advance(seconds=301)
    assert refusal(await ask(api, app.token, method, path, body)) == (401, "AUTH_005")


@pytest.mark.parametrize(("method", "path", "body"), ADDING)
async def test_the_first_factor_is_set_up_within_five_minutes_of_signing_in(
    api: Api, clock: ControlledClock, method: str, path: str, body: object
) -> None:
    token = await api.signed_in()
    clock.advance(seconds=300)
    assert refusal_or_success(await ask(api, token, method, path, body)) != (401, "AUTH_005")
    clock.advance(seconds=1)
    assert refusal(await ask(api, token, method, path, body)) == (401, "AUTH_005")


def refusal_or_success(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(("method", "path", "body"), REMOVING)
async def test_a_user_without_a_factor_has_none_to_change(api: Api, method: str, path: str, body: object) -> None:
    assert refusal(await ask(api, await api.signed_in(), method, path, body)) == (404, "RES_001")


async def test_an_app_that_is_set_up_cannot_be_replaced_directly(api: Api, app: App) -> None:
    assert refusal(await ask(api, app.token, "POST", "/factors/totp")) == (409, "RES_002")
    assert refusal(await ask(api, app.token, "POST", "/factors/totp/confirm", {"code": app.code()})) == (401, "AUTH_006")


async def test_the_limit_of_passkeys_applies_to_earlier_challenges_too(api: Api, app: App) -> None:
    for _ in range(PER_USER_MAX - 1):
        assert (await add_passkey(api, app.token, Authenticator())).status_code == 201
    last, one_more = await begin(api, REGISTER, app.token), await begin(api, REGISTER, app.token)
    assert (await add_passkey(api, app.token, Authenticator(), ceremony=last)).status_code == 201
    assert refusal(await add_passkey(api, app.token, Authenticator(), ceremony=one_more)) == (409, "RES_002")
    assert refusal(await api.post(REGISTER, token=app.token)) == (409, "RES_002")
    assert len((await api.get("/auth/factors", token=app.token)).json()["data"]["passkeys"]) == PER_USER_MAX


async def test_a_challenge_is_valid_only_for_its_purpose(api: Api) -> None:
    token, authenticator = await api.signed_in(), Authenticator()
    assert (await add_passkey(api, token, authenticator)).status_code == 201
    token = (await sign_in_with_passkey(api, authenticator)).json()["data"]["access_token"]
    for path in (REGISTER, STEP_UP):
        ceremony = await begin(api, path, token)
        assert refusal(await sign_in_with_passkey(api, authenticator, ceremony=ceremony)) == (401, "AUTH_008"), path
    for path, of in ((REGISTER, token), (SIGN_IN, None)):
        ceremony = await begin(api, path, of)
        assert refusal(await step_up_with_passkey(api, token, authenticator, ceremony=ceremony)) == (401, "AUTH_008"), path
    for path, of in ((STEP_UP, token), (SIGN_IN, None)):
        asked = await begin(api, path, of)
        made = Authenticator().create({**asked["options"], "user": {"id": "AA"}})
        body = {"ceremony_id": asked["ceremony_id"], "name": "Laptop", "credential": made}
        assert refusal(await api.post("/auth/factors/passkeys", body, token=token)) == (401, "AUTH_008"), path
    assert (await step_up_with_passkey(api, token, authenticator)).status_code == 200


async def test_a_challenge_is_valid_only_for_its_user(api: Api) -> None:
    token, authenticator = await api.signed_in(), Authenticator()
    await add_passkey(api, token, authenticator)
    token = (await sign_in_with_passkey(api, authenticator)).json()["data"]["access_token"]
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    theirs = await begin(api, STEP_UP, other)
    assert refusal(await step_up_with_passkey(api, token, authenticator, ceremony=theirs)) == (401, "AUTH_008")
    asked = await begin(api, REGISTER, other)
    assert refusal(await add_passkey(api, token, Authenticator(), ceremony=asked)) == (401, "AUTH_008")


async def test_a_backup_code_steps_up_once(api: Api, app: App) -> None:
    code = app.backup_codes[0]
    stepped = await api.post("/auth/step-up", {"code": code}, token=app.token)
    assert stepped.status_code == 200
    assert refusal(await api.post("/auth/step-up", {"code": code}, token=app.token)) == (401, "AUTH_006")
    challenge = (await api.login()).json()["data"]["challenge"]
    assert refusal(await api.post("/auth/login/verify", {"challenge": challenge, "code": code})) == (401, "AUTH_006")


async def test_without_governance_step_up_fails_and_no_code_is_used(
    api: Api, app: App, fakes: Fakes, clock: ControlledClock
) -> None:
    clock.advance(seconds=60)
    fakes.roles.away = True
    assert refusal(await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)) == (
        503,
        "SRV_002",
    )
    fakes.roles.away = False
    assert (await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)).status_code == 200


async def test_removing_the_last_factor_removes_the_backup_codes_too(api: Api, app: App) -> None:
    authenticator = Authenticator()
    added = await add_passkey(api, app.token, authenticator)
    assert (await ask(api, app.token, "DELETE", "/factors/totp")).status_code == 200
    left = (await api.get("/auth/factors", token=app.token)).json()["data"]
    assert (left["backup_codes_left"], len(left["passkeys"])) == (10, 1)
    assert (await api.login()).json()["data"]["methods"] == ["backup_code", "passkey"]
    stepped = await step_up_with_passkey(api, app.token, authenticator)
    token = stepped.json()["data"]["access_token"]
    assert (await ask(api, token, "DELETE", f"/factors/passkeys/{added.json()['data']['id']}")).status_code == 200
    assert (await api.get("/auth/factors", token=app.token)).json()["data"] == {
        "totp_confirmed_at": None,
        "backup_codes_left": 0,
        "passkeys": [],
    }
    assert "access_token" in (await api.login()).json()["data"]
