"""The second factor, as clients use it: set up, requested, used once, and renewed."""

import asyncio
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.domain.message import Template
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.mailbox import sent


async def login(api: Api) -> dict[str, Any]:
    data: dict[str, Any] = (await api.login()).json()["data"]
    return data


async def show(api: Api, challenge: str, code: str) -> httpx.Response:
    return await api.post("/auth/login/verify", {"challenge": challenge, "code": code})


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    """A user with an authenticator app, after the time step of the enrolment code."""
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


async def test_a_password_alone_starts_no_session_if_there_is_a_second_factor(
    api: Api, app: App, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    challenged = await login(api)
    assert set(challenged) == {"mfa_required", "challenge", "methods", "enrolment", "expires_in"}
    assert (challenged["mfa_required"], challenged["methods"], challenged["enrolment"]) == (True, ["totp", "backup_code"], False)
    answer = await show(api, challenged["challenge"], app.code())
    assert answer.status_code == 200, answer.text
    claims = await verifier.verify(answer.json()["data"]["access_token"])
    assert (claims.methods, claims.authenticated_at) == (("pwd", "otp", "mfa"), clock.now())


@pytest.mark.clause("ASVS 6.5.1", "RFC 6238 5.2")
async def test_a_time_step_is_accepted_once_even_of_fifty_concurrent_requests(api: Api, app: App) -> None:
    challenges = [(await login(api))["challenge"] for _ in range(4)]
    code = app.code()
    answers = await asyncio.gather(*(show(api, challenges[number % 4], code) for number in range(50)))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {refusal(answer)[1] for answer in answers if answer.status_code != 200} <= {"AUTH_006", "AUTH_007", "RATE_001"}


@pytest.mark.clause("RFC 6238 5.2 enrolment")
async def test_the_enrolment_code_is_not_accepted_at_sign_in(api: Api, clock: ControlledClock) -> None:
    app = await second_factor(api, await api.signed_in(), clock)
    challenge = (await login(api))["challenge"]
    assert refusal(await show(api, challenge, app.code())) == (401, "AUTH_006")
    clock.advance(seconds=30)
    assert (await show(api, challenge, app.code())).status_code == 200


@pytest.mark.clause("ASVS 6.5.3", "ASVS 6.5.8")
async def test_a_seed_has_160_bits_is_sealed_and_allows_one_step_either_side(
    api: Api, app: App, database: Database, clock: ControlledClock
) -> None:
    assert len(pyotp.TOTP(app.secret).byte_secret()) * 8 == 160
    async with database.read() as connection:
        stored = bytes((await connection.execute(text("SELECT secret FROM totps"))).scalar_one())
    assert app.secret.encode() not in stored
    assert pyotp.TOTP(app.secret).byte_secret() not in stored
    for steps, status in ((-2, 401), (2, 401), (-1, 200), (1, 200)):
        clock.advance(seconds=120)
        assert (await show(api, (await login(api))["challenge"], app.code(steps))).status_code == status, steps


@pytest.mark.clause("ASVS 6.5.2")
async def test_a_backup_code_is_valid_once_in_any_spelling_and_stored_as_a_digest(api: Api, app: App, database: Database) -> None:
    assert len(set(app.backup_codes)) == 10
    first, second = app.backup_codes[:2]
    challenge = (await login(api))["challenge"]
    assert (await show(api, challenge, first.lower().replace("-", " "))).status_code == 200
    assert refusal(await show(api, (await login(api))["challenge"], first)) == (401, "AUTH_006")
    challenges = [(await login(api))["challenge"] for _ in range(5)]
    answers = await asyncio.gather(*(show(api, challenge, second) for challenge in challenges))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    async with database.read() as connection:
        digests = (await connection.execute(text("SELECT digest FROM backup_codes"))).scalars().all()
    assert not [code for code in app.backup_codes for digest in digests if code.replace("-", "").encode() in bytes(digest)]


@pytest.mark.clause("ASVS 6.5.2")
async def test_wrong_codes_are_limited_per_hour_over_all_challenges(api: Api, app: App, clock: ControlledClock) -> None:
    for _ in range(4):
        challenge = (await login(api))["challenge"]
        for _ in range(5):
            assert refusal(await show(api, challenge, "0000-0000-0000")) == (401, "AUTH_006")
    challenge = (await login(api))["challenge"]
    limited = await show(api, challenge, app.code())
    assert (refusal(limited), int(limited.headers["Retry-After"])) == ((429, "RATE_001"), 3600)
    clock.advance(seconds=3601)
    assert (await show(api, (await login(api))["challenge"], app.code())).status_code == 200


@pytest.mark.clause("ASVS 6.3.1")
async def test_five_wrong_codes_or_five_minutes_end_the_sign_in(api: Api, app: App, clock: ControlledClock) -> None:
    challenge = (await login(api))["challenge"]
    for _ in range(5):
        assert refusal(await show(api, challenge, "000000")) == (401, "AUTH_006")
    assert refusal(await show(api, challenge, app.code())) == (401, "AUTH_007")
    late = (await login(api))["challenge"]
    clock.advance(seconds=300)
    assert refusal(await show(api, late, app.code())) == (401, "AUTH_007")
    used = (await login(api))["challenge"]
    assert (await show(api, used, app.code())).status_code == 200
    clock.advance(seconds=30)
    for stale in (used, "made-up", "x" * 128):
        assert refusal(await show(api, stale, app.code())) == (401, "AUTH_007")


@pytest.mark.clause("ASVS 6.3.6", "ASVS 6.6.1")
async def test_no_second_factor_is_offered_over_mail_or_telephone(api: Api, app: App) -> None:
    assert set((await login(api))["methods"]) <= {"totp", "backup_code", "passkey"}


@pytest.mark.clause("ASVS 6.3.7", "ASVS 7.5.1")
async def test_changing_factors_needs_both_factors_just_verified_and_the_user_is_notified(
    api: Api, app: App, database: Database, clock: ControlledClock
) -> None:
    for ask in (
        api.post("/auth/factors/totp", token=app.token),
        api.post("/auth/factors/backup-codes", token=app.token),
        api.post("/auth/factors/passkeys/options", token=app.token),
        api.delete("/auth/factors/totp", token=app.token),
    ):
        answer = await ask
        assert refusal(answer) == (401, "AUTH_005")
        assert answer.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    fresh = (await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)).json()["data"][
        "access_token"
    ]
    renewed = await api.post("/auth/factors/backup-codes", token=fresh)
    assert (renewed.status_code, len(renewed.json()["data"]["backup_codes"])) == (201, 10)
    assert refusal(await show(api, (await login(api))["challenge"], app.backup_codes[0])) == (401, "AUTH_006")
    assert (await api.delete("/auth/factors/totp", token=fresh)).status_code == 200
    assert (await api.get("/auth/factors", token=fresh)).json()["data"] == {
        "totp_confirmed_at": None,
        "backup_codes_left": 0,
        "passkeys": [],
    }
    assert "access_token" in await login(api)
    notices = [template for template in await sent(database) if "factor" in template or "backup" in template]
    assert notices == [Template.FACTOR_ADDED, Template.BACKUP_CODES_RENEWED, Template.FACTOR_REMOVED]


async def test_the_first_factor_needs_a_recent_sign_in(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    clock.advance(seconds=301)
    assert refusal(await api.post("/auth/factors/totp", token=token)) == (401, "AUTH_005")
    stepped = await api.post("/auth/step-up", {"password": PASSWORD}, token=token)
    assert (await api.post("/auth/factors/totp", token=stepped.json()["data"]["access_token"])).status_code == 201


async def test_an_unconfirmed_app_is_no_factor_and_can_be_replaced(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    first = (await api.post("/auth/factors/totp", token=token)).json()["data"]["secret"]
    assert "access_token" in await login(api)
    token = (await login(api))["access_token"]
    second = (await api.post("/auth/factors/totp", token=token)).json()["data"]["secret"]
    assert first != second
    for code in (App(first, "", (), clock).code(), "000000"):
        assert refusal(await api.post("/auth/factors/totp/confirm", {"code": code}, token=token)) == (401, "AUTH_006")
    code = App(second, "", (), clock).code()
    assert (await api.post("/auth/factors/totp/confirm", {"code": code}, token=token)).status_code == 200
