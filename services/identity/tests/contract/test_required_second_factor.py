"""Users whose roles permit more than the default role sign in only with a second factor."""

from uuid import uuid4

import httpx
import pytest

from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import bundle_of
from identity.application.factors.required_factors import RequiredOf
from identity.settings import IdentitySettings
from services.identity.tests.conftest import GRANTS
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import App
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import MASTER_KEY


@pytest.fixture
def settings() -> IdentitySettings:
    return IdentitySettings(master_key=MASTER_KEY, argon2_memory_kib=64, argon2_passes=1, mfa_required_of=RequiredOf.PRIVILEGED)


async def post(api: Api, path: str, challenge: str, code: str | None = None) -> httpx.Response:
    return await api.post(path, {"challenge": challenge} | ({"code": code} if code else {}))


async def test_staff_without_a_factor_set_one_up_before_the_first_session(api: Api, fakes: Fakes, clock: ControlledClock) -> None:
    fakes.roles.roles = ("user", "staff")
    await api.register()
    challenged = (await api.login()).json()["data"]
    assert (challenged["enrolment"], challenged["methods"]) == (True, [])
    challenge = challenged["challenge"]
    begun = (await post(api, "/auth/login/totp", challenge)).json()["data"]
    app = App(begun["secret"], "", (), clock)
    assert refusal(await post(api, "/auth/login/totp/confirm", challenge, "000000")) == (401, "AUTH_006")
    confirmed = await post(api, "/auth/login/totp/confirm", challenge, app.code())
    assert len(confirmed.json()["data"]["backup_codes"]) == 10
    assert refusal(await post(api, "/auth/login/verify", challenge, app.code())) == (401, "AUTH_006")
    clock.advance(seconds=30)
    assert (await post(api, "/auth/login/verify", challenge, app.code())).status_code == 200
    assert (await api.login()).json()["data"]["enrolment"] is False


async def test_other_users_sign_in_without_a_factor(api: Api) -> None:
    await api.register()
    assert "access_token" in (await api.login()).json()["data"]


async def test_five_wrong_codes_end_the_enrolment_and_it_cannot_request_a_recovery(api: Api, fakes: Fakes) -> None:
    fakes.roles.roles = ("admin",)
    await api.register()
    challenge = (await api.login()).json()["data"]["challenge"]
    assert refusal(await api.post("/auth/recovery", {"challenge": challenge, "reason": "lost"})) == (401, "AUTH_007")
    await post(api, "/auth/login/totp", challenge)
    for _ in range(5):
        assert refusal(await post(api, "/auth/login/totp/confirm", challenge, "000000")) == (401, "AUTH_006")
    assert refusal(await post(api, "/auth/login/totp", challenge)) == (401, "AUTH_007")


async def test_a_challenge_of_a_user_with_a_factor_sets_up_none(api: Api, fakes: Fakes, clock: ControlledClock) -> None:
    fakes.roles.roles = ("admin",)
    await api.register()
    first, second = [(await api.login()).json()["data"]["challenge"] for _ in range(2)]
    secret = (await post(api, "/auth/login/totp", first)).json()["data"]["secret"]
    await post(api, "/auth/login/totp/confirm", first, App(secret, "", (), clock).code())
    assert refusal(await post(api, "/auth/login/totp", second)) == (401, "AUTH_007")


async def test_a_pending_enrolment_ends_when_its_password_changes(api: Api, fakes: Fakes, clock: ControlledClock) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    challenge = (await api.login(device_id=str(uuid4()))).json()["data"]["challenge"]
    clock.advance(seconds=1)
    body = {"current_password": PASSWORD, "new_password": "Okavango-Evening-41?*"}
    assert (await api.patch(f"/users/{user_id}/password", body, token=token)).status_code == 200
    assert refusal(await post(api, "/auth/login/totp", challenge)) == (401, "AUTH_001")


async def test_if_the_role_cannot_be_read_no_session_starts(api: Api, fakes: Fakes) -> None:
    await api.register()
    fakes.roles.away = True
    assert refusal(await api.login()) == (503, "SRV_002")


async def test_a_one_factor_session_ends_once_its_user_must_have_two(api: Api, fakes: Fakes, clock: ControlledClock) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    assert (await api.refresh(pair["refresh_token"])).status_code == 200
    fakes.roles.roles = ("user", "admin")
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_002")
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
    assert len(fakes.revocations.ended) == 1


async def test_a_role_that_gains_permissions_ends_its_holders_one_factor_sessions(
    api: Api, fakes: Fakes, policies: Policies
) -> None:
    fakes.roles.roles = ("user", "teller")
    await api.register()
    pair = (await api.login()).json()["data"]
    policies.load(bundle_of({**GRANTS, "teller": ["user:read", "user:update"]}, version=2))
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_002")
    assert (await api.login()).json()["data"]["enrolment"] is True


async def test_a_password_alone_does_not_step_up_a_user_who_must_have_two_factors(api: Api, fakes: Fakes) -> None:
    token = await api.signed_in()
    fakes.roles.roles = ("staff",)
    refused = await api.post("/auth/step-up", {"password": PASSWORD}, token=token)
    assert (refusal(refused), refused.json()["step_up"]["acr_values"]) == ((401, "AUTH_005"), "urn:elcorp:acr:mfa")


async def test_setting_up_the_factor_ends_the_sessions_that_began_without_it(
    api: Api, fakes: Fakes, clock: ControlledClock
) -> None:
    await api.register()
    pair = (await api.login(device_id=str(uuid4()))).json()["data"]
    fakes.roles.roles = ("staff",)
    challenge = (await api.login()).json()["data"]["challenge"]
    begun = (await post(api, "/auth/login/totp", challenge)).json()["data"]
    app = App(begun["secret"], "", (), clock)
    await post(api, "/auth/login/totp/confirm", challenge, app.code())
    assert len(fakes.revocations.ended) == 1
    clock.advance(seconds=30)
    verified = (await post(api, "/auth/login/verify", challenge, app.code())).json()["data"]
    assert (await api.refresh(verified["refresh_token"])).status_code == 200
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
