"""What clients rely on: statuses, envelopes, tokens."""

from uuid import uuid4

import jwt
import pytest
from sqlalchemy import text

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.infrastructure.passwords import Argon2Passwords, HashingBusy
from identity.infrastructure.signing_keys import KeyRing
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.fakes import Surroundings


@pytest.mark.clause("ASVS 9.2.1 life")
async def test_login_gives_a_token_that_every_service_accepts(api: Api, verifier: TokenVerifier, clock: ControlledClock) -> None:
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
async def test_a_token_says_whose_it_is_of_which_session_and_for_how_long(
    api: Api, clock: ControlledClock, surroundings: Surroundings, ring: KeyRing, way: str
) -> None:
    surroundings.roles.roles = ("user", "auditor")
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


async def test_login_by_username(api: Api) -> None:
    await api.register(username="Ndapewa")
    assert (await api.login(email=None, username="ndapewa")).status_code == 200


async def test_unknown_user_and_wrong_password_answer_alike(api: Api) -> None:
    await api.register()
    answers = [
        await api.login(password="Wrong-Sunrise-47!"),
        await api.login(email="nobody@example.na"),
        await api.login(email=None, username="nobody"),
        await api.login(email=None, username="not a username !"),
    ]
    assert {refusal(answer) for answer in answers} == {(401, "AUTH_001")}
    assert len({answer.json()["error"] for answer in answers}) == 1


async def test_too_many_attempts_are_told_when_to_come_back(api: Api, surroundings: Surroundings) -> None:
    surroundings.attempts.limit = 2
    await api.register()
    statuses = [(await api.login(password="Wrong-Sunrise-47!")).status_code for _ in range(2)]
    response = await api.login()
    assert statuses == [401, 401]
    assert refusal(response) == (429, "RATE_001")
    assert response.headers["Retry-After"] == "60"


async def test_without_governance_login_is_unavailable(api: Api, surroundings: Surroundings) -> None:
    await api.register()
    surroundings.roles.away = True
    response = await api.login()
    assert refusal(response) == (503, "SRV_002")
    assert int(response.headers["Retry-After"]) > 0


async def test_refresh_rotates_retries_and_detects_reuse(api: Api, clock: ControlledClock) -> None:
    await api.register()
    first = (await api.login()).json()["data"]
    second, retried = [(await api.refresh(first["refresh_token"])).json()["data"] for _ in range(2)]
    assert second["refresh_token"] == retried["refresh_token"] != first["refresh_token"]
    clock.advance(seconds=11)
    assert refusal(await api.refresh(first["refresh_token"])) == (401, "AUTH_003")
    assert refusal(await api.refresh(second["refresh_token"])) == (401, "AUTH_003")


@pytest.mark.clause("ASVS 10.4.8")
async def test_refresh_token_ends_after_seven_days_however_often_refreshed(api: Api, clock: ControlledClock) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["refresh_token"]
    for _ in range(7):
        clock.advance(days=0.99)
        token = (await api.refresh(token)).json()["data"]["refresh_token"]
    clock.advance(days=0.08)
    assert refusal(await api.refresh(token)) == (401, "AUTH_002")


@pytest.mark.clause("ASVS 9.2.2")
async def test_refresh_token_opens_no_door_and_access_token_refreshes_nothing(api: Api) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    assert refusal(await api.get("/users/me", token=pair["refresh_token"])) == (401, "AUTH_003")
    assert refusal(await api.refresh(pair["access_token"])) == (401, "AUTH_003")


@pytest.mark.clause("RFC 9700 2.2.2")
async def test_refresh_from_another_device_is_refused(api: Api) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["refresh_token"]
    assert refusal(await api.refresh(token, device_id=str(uuid4()))) == (401, "AUTH_003")


@pytest.mark.clause("ASVS 7.4.1")
async def test_logout_ends_the_session(api: Api, surroundings: Surroundings) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    for _ in range(2):
        response = await api.post("/auth/logout", token=pair["access_token"], key="any")
        assert response.status_code == 200
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
    assert len(surroundings.revocations.ended) == 1


async def test_me_is_the_caller_with_roles(api: Api) -> None:
    token = await api.signed_in(organization="Kunene  Traders", username="ndapewa")
    me = (await api.get("/users/me", token=token)).json()["data"]
    assert (me["full_name"], me["email"], me["phone"]) == ("Ndapewa Shikongo", "ndapewa@example.na", "+264811234567")
    assert (me["organization"], me["username"], me["roles"], me["status"]) == ("Kunene Traders", "ndapewa", ["user"], "active")
    assert me["last_sign_in_at"] == "2026-03-21T08:00:00Z"
    assert "password" not in str(me)
    itself = await api.get(f"/users/{me['id']}", token=token)
    assert itself.json()["data"]["email"] == "ndapewa@example.na"


async def test_users_are_for_staff(api: Api, surroundings: Surroundings) -> None:
    user = await api.signed_in()
    surroundings.roles.roles = ("staff",)
    staff = await api.signed_in(email="staff@example.na", phone="+264811234568")
    listed = await api.get("/users?reason=complaint+4711&per_page=1", token=staff)
    page = listed.json()["data"]
    assert (page["total"], len(page["items"]), listed.headers["Link"].count("rel=")) == (2, 1, 1)
    other = page["items"][0]["id"]
    assert refusal(await api.get("/users", token=user)) == (403, "ACC_001")
    assert refusal(await api.get(f"/users/{other}", token=user)) == (404, "RES_001")
    assert refusal(await api.get(f"/users/{uuid4()}", token=staff)) == (404, "RES_001")
    assert refusal(await api.get("/users")) == (401, "AUTH_004")


async def test_guest_without_permission_reads_no_user_but_itself(api: Api, surroundings: Surroundings) -> None:
    surroundings.roles.roles = ("guest",)
    token = await api.signed_in()
    assert (await api.get("/users/me", token=token)).status_code == 200
    assert refusal(await api.get("/users", token=token)) == (403, "ACC_001")


async def test_sessions_and_wallet_addresses_are_ones_own(api: Api) -> None:
    registered = (await api.register()).json()["data"]
    await api.login(device_id=str(uuid4()))
    token = (await api.login()).json()["data"]["access_token"]
    sessions = (await api.get("/sessions", token=token)).json()["data"]["items"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    assert {session["ended_at"] for session in sessions} == {None}
    addresses = (await api.get("/wallet-addresses", token=token)).json()["data"]["items"]
    assert [address["address"] for address in addresses] == [registered["wallet_address"]]


async def test_jwks_holds_public_keys_for_all_to_cache(api: Api) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["access_token"]
    response = await api.client.get("/.well-known/jwks.json")
    keys = response.json()["keys"]
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert len(keys) == 2
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)
    assert jwt.get_unverified_header(token)["kid"] in {key["kid"] for key in keys}
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience="elcorp",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )


async def test_no_answer_or_audit_fact_tells_the_password(api: Api, database: Database) -> None:
    answers = [await api.register(), await api.login(), await api.login(password=f"{PASSWORD}x")]
    assert not [answer for answer in answers if PASSWORD in answer.text]
    async with database.read() as connection:
        payloads = (await connection.execute(text("SELECT payload FROM outbox"))).scalars().all()
    assert payloads
    assert not [payload for payload in payloads for secret in (PASSWORD, "ndapewa@", "Shikongo") if secret.encode() in payload]


async def test_full_hashing_pool_says_when_to_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.register()
    monkeypatch.setattr(Argon2Passwords, "verify", _busy)
    response = await api.login()
    assert (refusal(response), response.headers["Retry-After"]) == ((503, "SRV_002"), "1")


async def _busy(*_arguments: object) -> None:
    raise HashingBusy
