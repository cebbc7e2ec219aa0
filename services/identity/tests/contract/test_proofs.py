"""After a factor is removed, tokens no longer claim what it alone proved."""

from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest

from chassis.auth import Claims, TokenVerifier
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.ports.session_rules import TokenPair
from identity.application.sessions.start_session import StartSession
from identity.domain.errors import InvalidCredentials
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.passkeys import add_passkey, sign_in_with_passkey, step_up_with_passkey
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import STRANGER

Pair = dict[str, Any]


@pytest.fixture
async def pair(api: Api) -> Pair:
    """The tokens of a session that began with a password."""
    await api.register()
    tokens: Pair = (await api.login()).json()["data"]
    return tokens


@pytest.fixture
async def app(api: Api, pair: Pair, clock: ControlledClock) -> App:
    """The same user's app; `token` belongs to the same session, in which two factors were verified a minute later."""
    app = await second_factor(api, pair["access_token"], clock)
    clock.advance(seconds=60)
    app.token = await stepped_up(api, app.token, password=PASSWORD, code=app.code())
    return app


async def stepped_up(api: Api, token: str, **proof: object) -> str:
    answer = await api.post("/auth/step-up", proof, token=token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["access_token"])


async def new_passkey(api: Api, token: str) -> tuple[Authenticator, str]:
    authenticator = Authenticator()
    added = await add_passkey(api, token, authenticator, end_other_sessions=False)
    return authenticator, added.json()["data"]["id"]


async def refreshed(api: Api, verifier: TokenVerifier, pair: Pair, **changes: Any) -> Claims:
    answer = await api.refresh(pair["refresh_token"], **changes)
    assert answer.status_code == 200, answer.text
    pair.update(answer.json()["data"])
    return await verifier.verify(pair["access_token"])


@pytest.mark.clause("ASVS 7.5.3")
async def test_a_password_is_one_factor_again_after_the_app_is_removed(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, pair: Pair, app: App
) -> None:
    both = await refreshed(api, verifier, pair)
    assert both.methods == ("pwd", "otp", "mfa")
    clock.advance(seconds=60)
    # The code alone will prove nothing after the removal, so the proof before it becomes the last one.
    await stepped_up(api, app.token, code=app.code())
    assert (await api.delete("/auth/factors/totp", token=app.token)).status_code == 200
    claims = await refreshed(api, verifier, pair)
    assert (claims.methods, claims.authenticated_at) == (("pwd",), both.authenticated_at)
    clock.advance(seconds=30)
    claims = await verifier.verify(await stepped_up(api, pair["access_token"], password=PASSWORD))
    assert (claims.methods, claims.authenticated_at) == (("pwd",), clock.now())


async def test_a_removed_factor_is_withdrawn_from_every_remaining_session(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, app: App
) -> None:
    clock.advance(seconds=60)
    elsewhere = str(uuid4())
    challenge = (await api.login(device_id=elsewhere)).json()["data"]["challenge"]
    other = (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).json()["data"]
    assert (await verifier.verify(other["access_token"])).methods == ("pwd", "otp", "mfa")
    assert (await api.delete("/auth/factors/totp?end_other_sessions=false", token=app.token)).status_code == 200
    assert (await refreshed(api, verifier, other, device_id=elsewhere)).methods == ("pwd",)


async def test_removing_a_passkey_keeps_the_other_proofs(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, pair: Pair, app: App
) -> None:
    shown_at = clock.now()
    (lost, lost_id), (kept, _) = [await new_passkey(api, app.token) for _ in range(2)]
    for authenticator in (kept, lost):
        clock.advance(seconds=10)
        app.token = (await step_up_with_passkey(api, app.token, authenticator)).json()["data"]["access_token"]
    assert (await api.delete(f"/auth/factors/passkeys/{lost_id}", token=app.token)).status_code == 200
    claims = await refreshed(api, verifier, pair)
    assert (claims.methods, (clock.now() - claims.authenticated_at).seconds) == (("hwk", "user", "mfa"), 10)
    for passkey in (await api.get("/auth/factors", token=app.token)).json()["data"]["passkeys"]:
        # Use the refreshed token: the one from before the removal claims a proof that no longer counts.
        assert (await api.delete(f"/auth/factors/passkeys/{passkey['id']}", token=pair["access_token"])).status_code == 200
    claims = await refreshed(api, verifier, pair)
    assert (claims.methods, claims.authenticated_at) == (("pwd", "otp", "mfa"), shown_at)


async def test_a_session_proven_only_by_the_removed_passkey_ends(
    api: Api, fakes: Fakes, verifier: TokenVerifier, app: App
) -> None:
    authenticator, passkey_id = await new_passkey(api, app.token)
    elsewhere = uuid4()
    other: Pair = (await sign_in_with_passkey(api, authenticator, device_id=elsewhere)).json()["data"]
    path = f"/auth/factors/passkeys/{passkey_id}?end_other_sessions=false"
    assert (await api.delete(path, token=app.token)).status_code == 200
    refused = await api.refresh(other["refresh_token"], device_id=str(elsewhere))
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_003")
    assert set(fakes.revocations.ended) == {(await verifier.verify(other["access_token"])).session_id}


async def test_proofs_by_backup_code_end_with_the_last_factor(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, pair: Pair, app: App
) -> None:
    """The backup codes are deleted with it, so a session that used one no longer claims it."""
    _, passkey_id = await new_passkey(api, app.token)
    assert (await api.delete("/auth/factors/totp", token=app.token)).status_code == 200
    clock.advance(seconds=10)
    token = await stepped_up(api, app.token, password=PASSWORD, code=app.backup_codes[0])
    assert (await refreshed(api, verifier, pair)).methods == ("pwd", "otp", "mfa")
    assert (await api.delete(f"/auth/factors/passkeys/{passkey_id}", token=token)).status_code == 200
    assert (await refreshed(api, verifier, pair)).methods == ("pwd",)


async def test_a_later_proof_of_one_factor_keeps_a_two_factor_session(
    api: Api, fakes: Fakes, verifier: TokenVerifier, clock: ControlledClock, pair: Pair, app: App
) -> None:
    """The last proof is a code alone, so tokens claim one factor; but a session that must have two continues."""
    clock.advance(seconds=60)
    await stepped_up(api, app.token, code=app.code())
    fakes.roles.roles = ("staff",)
    assert (await refreshed(api, verifier, pair)).methods == ("otp",)


async def test_a_factor_removed_during_its_verification_starts_no_session(api: Api, identity: Identity, app: App) -> None:
    complete = identity.sessions.complete_sign_in
    challenge = (await api.login(device_id=str(uuid4()))).json()["data"]["challenge"]

    async def start_after_the_removal(**given: Any) -> TokenPair:
        assert (await api.delete("/auth/factors/totp?end_other_sessions=false", token=app.token)).status_code == 200
        return await complete.start(**given)

    completing = replace(complete, start=cast("StartSession", start_after_the_removal))
    with pytest.raises(InvalidCredentials):
        await completing(actor=STRANGER, challenge=challenge, code=app.backup_codes[0])
    assert len((await api.get("/sessions?live=true", token=app.token)).json()["data"]["items"]) == 1


async def removes_app(api: Api, token: str) -> int:
    """Make a request that requires every factor of the account within five minutes."""
    return (await api.delete("/auth/factors/totp?end_other_sessions=false", token=token)).status_code


async def test_a_sign_in_with_two_factors_dates_from_its_password(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, app: App
) -> None:
    elsewhere = str(uuid4())
    challenge = (await api.login(device_id=elsewhere)).json()["data"]["challenge"]
    password_at = clock.now()
    clock.advance(seconds=299)
    begun = (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).json()["data"]
    claims = await verifier.verify(begun["access_token"])
    assert (claims.methods, claims.authenticated_at) == (("pwd", "otp", "mfa"), password_at)
    session = (await api.get(f"/sessions/{claims.session_id}", token=begun["access_token"])).json()["data"]
    assert session["started_at"] == "2026-03-21T08:05:59Z"
    clock.advance(seconds=2)
    assert await removes_app(api, begun["access_token"]) == 401
    clock.advance(seconds=60)
    assert (await refreshed(api, verifier, begun, device_id=elsewhere)).authenticated_at == password_at


async def test_a_passkey_proof_dates_from_the_creation_of_its_challenge(
    api: Api, verifier: TokenVerifier, clock: ControlledClock, pair: Pair, app: App
) -> None:
    """A client can hold an answer back for the challenge's lifetime, and nothing shows when it was signed."""
    authenticator, _ = await new_passkey(api, app.token)
    clock.advance(seconds=400)
    for options, path in (("/auth/passkeys/options", "/auth/passkeys/login"), ("/auth/step-up/options", "/auth/step-up")):
        await refreshed(api, verifier, pair)
        token = None if "login" in path else pair["access_token"]
        begun, begun_at = (await api.post(options, token=token)).json()["data"], clock.now()
        assertion = {"ceremony_id": begun["ceremony_id"], "credential": authenticator.get(begun["options"])}
        clock.advance(seconds=299)
        body = {"passkey": assertion} if token else {**assertion, "device_id": str(uuid4())}
        answer = (await api.post(path, body, token=token)).json()["data"]
        claims = await verifier.verify(answer["access_token"])
        assert (claims.methods, claims.authenticated_at) == (("hwk", "user", "mfa"), begun_at)
        clock.advance(seconds=2)
        assert await removes_app(api, answer["access_token"]) == 401
