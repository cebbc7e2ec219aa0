"""The contents of access and refresh tokens, and what each of them permits."""

import jwt
import pytest

from chassis.auth import TokenVerifier
from chassis.testing.clocks import ControlledClock
from identity.infrastructure.signing_keys import KeyRing
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.fakes import Fakes


@pytest.mark.clause("ASVS 9.2.1 life")
async def test_login_returns_a_token_that_every_service_accepts(
    api: Api, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    registered = (await api.register()).json()["data"]
    response = await api.login()
    data = response.json()["data"]
    assert (response.status_code, data["token_type"], data["expires_in"]) == (200, "Bearer", 900)
    claims = await verifier.verify(data["access_token"])
    assert (claims.subject_id, claims.device_id, set(claims.roles)) == (registered["id"], str(api.device_id), {"user"})
    assert (claims.authenticated_at, claims.methods) == (clock.now(), ("pwd",))
    assert (claims.expires_at - claims.issued_at).total_seconds() == 900
    header = jwt.get_unverified_header(data["access_token"])
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("way", ["login", "refresh", "step-up"])
async def test_a_token_names_its_user_and_session_and_expires(
    api: Api, clock: ControlledClock, fakes: Fakes, ring: KeyRing, way: str
) -> None:
    fakes.roles.roles = ("user", "auditor")
    user_id = (await api.register()).json()["data"]["id"]
    clock.advance(seconds=60)
    pair, signed_in = (await api.login()).json()["data"], int(clock.now().timestamp())
    clock.advance(seconds=60)
    issued = int(clock.now().timestamp())
    if way == "refresh":
        pair = (await api.refresh(pair["refresh_token"])).json()["data"]
    elif way == "step-up":
        pair = (await api.post("/auth/step-up", {"password": PASSWORD}, token=pair["access_token"])).json()["data"]
    session = (await api.get("/sessions", token=pair["access_token"])).json()["data"]["items"][0]
    token = jwt.decode_complete(pair["access_token"], options={"verify_signature": False})
    assert token["payload"].pop("jti")
    begun = signed_in if way == "login" else issued
    assert token["payload"] == {
        "iss": "http://localhost:8000",
        "aud": "elcorp",
        "sub": user_id,
        "iat": begun,
        "nbf": begun,
        "exp": begun + 900,
        "sid": session["id"],
        "did": str(api.device_id),
        "roles": ["auditor", "user"],
        "auth_time": issued if way == "step-up" else signed_in,
        "amr": ["pwd"],
        "acr": "urn:elcorp:acr:sfa",
        "second_factor": False,
        "factors_version": 0,
    }
    assert token["header"] == {"alg": "ES256", "typ": "at+jwt", "kid": ring.signing[0]}


@pytest.mark.clause("ASVS 9.2.2")
async def test_a_refresh_token_authorises_no_request_and_an_access_token_refreshes_nothing(api: Api) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    assert refusal(await api.get("/users/me", token=pair["refresh_token"])) == (401, "AUTH_003")
    assert refusal(await api.refresh(pair["access_token"])) == (401, "AUTH_003")
