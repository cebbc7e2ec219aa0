"""Authenticating again within the session (step-up)."""

import httpx
import jwt
import pytest
from sqlalchemy import text

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import second_factor

SHOWN = {"ceremony_id": "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", "credential": {"id": "made-up"}}


def acr_in(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["acr"])


async def step_up(api: Api, token: str, **proof: object) -> httpx.Response:
    return await api.post("/auth/step-up", proof, token=token)


@pytest.mark.clause("ASVS 7.5.3")
@pytest.mark.parametrize(
    ("with_password", "methods", "acr"),
    [(True, ("pwd", "otp", "mfa"), "urn:elcorp:acr:mfa"), (False, ("otp",), "urn:elcorp:acr:sfa")],
)
async def test_tokens_claim_the_last_proof_and_its_time(
    api: Api,
    verifier: TokenVerifier,
    clock: ControlledClock,
    with_password: bool,
    methods: tuple[str, ...],
    acr: str,
) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    app = await second_factor(api, pair["access_token"], clock)
    before = await verifier.verify(pair["access_token"])
    clock.advance(seconds=400)
    password = {"password": PASSWORD} if with_password else {}
    stepped = (await step_up(api, pair["access_token"], code=app.code(), **password)).json()["data"]
    assert set(stepped) == {"access_token", "token_type", "expires_in"}
    claims = await verifier.verify(stepped["access_token"])
    assert (claims.session_id, claims.authenticated_at) == (before.session_id, clock.now())
    assert (claims.methods, acr_in(stepped["access_token"])) == (methods, acr)
    clock.advance(seconds=60)
    refreshed = (await api.refresh(pair["refresh_token"])).json()["data"]
    after = await verifier.verify(refreshed["access_token"])
    assert (after.methods, after.authenticated_at) == (claims.methods, claims.authenticated_at)
    assert acr_in(refreshed["access_token"]) == acr


async def test_a_step_up_with_a_wrong_password_or_code_proves_nothing(
    api: Api, database: Database, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    assert refusal(await step_up(api, token, password="wrong", code=app.code())) == (401, "AUTH_001")
    assert refusal(await step_up(api, token, password=PASSWORD, code="000000")) == (401, "AUTH_006")
    async with database.read() as connection:
        proofs = await connection.execute(text("SELECT methods, earlier_proofs FROM sessions"))
        assert proofs.all() == [(["pwd"], [])]
    # The wrong password did not use up the code.
    assert (await step_up(api, token, password=PASSWORD, code=app.code())).status_code == 200


async def test_a_password_alone_steps_up_only_without_a_second_factor(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    assert refusal(await step_up(api, token, password="wrong")) == (401, "AUTH_001")
    assert (await step_up(api, token, password=PASSWORD)).status_code == 200
    await second_factor(api, token, clock)
    refused = await step_up(api, token, password=PASSWORD)
    assert (refusal(refused), refused.json()["step_up"]["acr_values"]) == ((401, "AUTH_005"), "urn:elcorp:acr:mfa")


async def test_guesses_are_limited_to_twenty_an_hour(api: Api) -> None:
    token = await api.signed_in()
    for _ in range(20):
        assert refusal(await step_up(api, token, password="wrong")) == (401, "AUTH_001")
    assert refusal(await step_up(api, token, password=PASSWORD)) == (429, "RATE_001")
    assert refusal(await step_up(api, token, code="000000")) == (429, "RATE_001")


async def test_a_code_used_at_sign_in_is_refused_at_step_up(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    app = await second_factor(api, token, clock)
    assert refusal(await step_up(api, token, code=app.code())) == (401, "AUTH_006")
    clock.advance(seconds=30)
    assert (await step_up(api, token, code=app.code())).status_code == 200
    challenge = (await api.login()).json()["data"]["challenge"]
    shown = await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})
    assert refusal(shown) == (401, "AUTH_006")


async def test_an_ended_session_cannot_step_up(api: Api) -> None:
    token = await api.signed_in()
    await api.post("/auth/logout", token=token)
    assert refusal(await step_up(api, token, password=PASSWORD)) == (401, "AUTH_003")


@pytest.mark.parametrize(
    "proof", [{}, {"code": "123456", "passkey": SHOWN}, {"password": PASSWORD, "passkey": SHOWN}, {"passkey": {}}, {"code": "1"}]
)
async def test_a_step_up_takes_either_a_passkey_or_secrets(api: Api, proof: dict[str, object]) -> None:
    assert (await step_up(api, await api.signed_in(), **proof)).status_code == 422
