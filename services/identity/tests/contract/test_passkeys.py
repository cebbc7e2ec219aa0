"""Passkeys, against an authenticator in software."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.auth import TokenVerifier
from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import Api, refusal
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import b64
from services.identity.tests.contract.passkeys import REGISTER, SIGN_IN, STEP_UP, add_passkey, begin, sign_in_with_passkey

REFUSED = (401, "AUTH_008")


async def answer(api: Api, begun: Mapping[str, Any], credential: Mapping[str, Any]) -> httpx.Response:
    body = {"ceremony_id": begun["ceremony_id"], "credential": credential, "device_id": str(api.device_id)}
    return await api.post("/auth/passkeys/login", body)


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def passkey(api: Api, token: str) -> Authenticator:
    authenticator = Authenticator()
    assert (await add_passkey(api, token, authenticator)).status_code == 201
    return authenticator


async def test_a_browser_is_asked_for_a_verified_user_of_this_platform(api: Api, token: str, passkey: Authenticator) -> None:
    # A user with a factor needs two factors to add one.
    token = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    me = (await api.get("/users/me", token=token)).json()["data"]
    known = [{"id": passkey.get((await begin(api, SIGN_IN))["options"])["id"], "type": "public-key"}]
    asked = {path: (await begin(api, path, token))["options"] for path in (REGISTER, SIGN_IN, STEP_UP)}
    challenges = {options.pop("challenge") for options in asked.values()}
    assert ({len(each) for each in challenges}, len(challenges)) == ({86}, 3)
    timeouts = [options.pop("timeout") for options in asked.values()]
    assert all(timeouts)
    verified = {"rpId": "localhost", "userVerification": "required"}
    made = {
        "rp": {"id": "localhost", "name": "Elcorp Namibia"},
        "user": {"id": b64(UUID(me["id"]).bytes), "name": me["email"], "displayName": me["email"]},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, -8, -257)],
        "excludeCredentials": known,
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    # For an unauthenticated caller, no passkeys are listed.
    assert asked == {
        "/auth/factors/passkeys/options": made,
        "/auth/passkeys/options": {**verified, "allowCredentials": []},
        "/auth/step-up/options": {**verified, "allowCredentials": known},
    }


@pytest.mark.parametrize(("synchronized", "kind"), [(False, "hwk"), (True, "swk")])
async def test_a_passkey_signs_in_without_a_password_as_two_factors(
    api: Api, token: str, verifier: TokenVerifier, synchronized: bool, kind: str
) -> None:
    authenticator = Authenticator(synchronized=synchronized)
    added = (await add_passkey(api, token, authenticator)).json()["data"]
    assert (added["name"], added["synchronized"], added["last_used_at"]) == ("Work laptop", synchronized, None)
    signed_in = await sign_in_with_passkey(api, authenticator)
    assert signed_in.status_code == 200, signed_in.text
    claims = await verifier.verify(signed_in.json()["data"]["access_token"])
    assert claims.methods == (kind, "user", "mfa")
    assert (await api.login()).json()["data"]["methods"] == ["passkey"]


@pytest.mark.clause("WebAuthn 7.2")
async def test_a_challenge_is_answered_once_even_concurrently_and_within_five_minutes(
    api: Api, passkey: Authenticator, clock: ControlledClock
) -> None:
    begun = await begin(api, SIGN_IN)
    credential = passkey.get(begun["options"])
    answers = await asyncio.gather(*(answer(api, begun, credential) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [200, *[401] * 9]
    late = await begin(api, SIGN_IN)
    clock.advance(seconds=300)
    assert refusal(await answer(api, late, passkey.get(late["options"]))) == REFUSED
    other = await begin(api, SIGN_IN)
    assert refusal(await answer(api, await begin(api, SIGN_IN), passkey.get(other["options"]))) == REFUSED
    assert refusal(await answer(api, {"ceremony_id": str(uuid4())}, passkey.get(other["options"]))) == REFUSED


@pytest.mark.clause("WebAuthn 7.2")
@pytest.mark.parametrize("fault", [{"origin": "https://elcorp.example"}, {"party": "elcorp.example"}, {"verifies_user": False}])
async def test_the_origin_the_party_and_user_verification_are_checked(
    api: Api, token: str, passkey: Authenticator, fault: dict[str, Any]
) -> None:
    for name, value in fault.items():
        setattr(passkey, name, value)
    assert refusal(await sign_in_with_passkey(api, passkey)) == REFUSED
    fresh = (await api.get("/auth/factors", token=token)).json()["data"]["passkeys"][0]
    assert fresh["flagged_at"] is None
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    assert refusal(await add_passkey(api, other, Authenticator(**fault))) == REFUSED
    assert "access_token" in (await api.login(email="johannes@example.na")).json()["data"]


@pytest.mark.clause("WebAuthn 7.2")
async def test_a_counter_that_goes_back_flags_the_passkey_permanently(api: Api, token: str, passkey: Authenticator) -> None:
    assert (await sign_in_with_passkey(api, passkey)).status_code == 200
    passkey.count -= 1
    assert refusal(await sign_in_with_passkey(api, passkey)) == REFUSED
    passkey.count += 10
    assert refusal(await sign_in_with_passkey(api, passkey)) == REFUSED
    (flagged,) = (await api.get("/auth/factors", token=token)).json()["data"]["passkeys"]
    assert flagged["flagged_at"]
    assert (await api.login()).json()["data"]["methods"] == []


@pytest.mark.clause("WebAuthn 7.2")
@pytest.mark.parametrize("synchronized", [False, True])
async def test_a_passkey_whose_backup_eligibility_changed_is_refused(api: Api, token: str, synchronized: bool) -> None:
    authenticator = Authenticator(synchronized=synchronized)
    await add_passkey(api, token, authenticator)
    assert (await sign_in_with_passkey(api, authenticator)).status_code == 200
    authenticator.synchronized = not synchronized
    assert refusal(await sign_in_with_passkey(api, authenticator)) == REFUSED
    # A key that may be backed up is accepted with or without a copy; a copy of a key that may have none is refused.
    authenticator.synchronized, authenticator.eligible = False, synchronized
    assert (await sign_in_with_passkey(api, authenticator)).status_code == 200
    (kept,) = (await api.get("/auth/factors", token=token)).json()["data"]["passkeys"]
    assert (kept["synchronized"], kept["flagged_at"]) == (False, None)
    authenticator.synchronized, authenticator.eligible = True, False
    assert refusal(await sign_in_with_passkey(api, authenticator)) == REFUSED


async def test_windows_hello_signs_in(api: Api, token: str) -> None:
    """It makes its keys in a TPM: RS256, 2048 bits."""
    authenticator = Authenticator(key=rsa.generate_private_key(65_537, 2048))
    assert (await add_passkey(api, token, authenticator)).status_code == 201
    assert (await sign_in_with_passkey(api, authenticator)).status_code == 200
    authenticator.key = rsa.generate_private_key(65_537, 2048)
    assert refusal(await sign_in_with_passkey(api, authenticator)) == REFUSED


@pytest.mark.parametrize(("exponent", "bits"), [(65_537, 1024), (3, 2048)])
async def test_rsa_keys_that_no_authenticator_makes_are_refused(api: Api, token: str, exponent: int, bits: int) -> None:
    assert refusal(await add_passkey(api, token, Authenticator(key=rsa.generate_private_key(exponent, bits)))) == REFUSED


async def test_an_authenticator_without_a_counter_signs_in_repeatedly(api: Api, token: str) -> None:
    authenticator = Authenticator(counts=False, synchronized=True)
    await add_passkey(api, token, authenticator)
    assert [(await sign_in_with_passkey(api, authenticator)).status_code for _ in range(3)] == [200, 200, 200]


async def test_forged_and_malformed_answers_are_refused(api: Api, passkey: Authenticator) -> None:
    stranger = Authenticator(credential_id=passkey.credential_id, user_handle=passkey.user_handle, count=50)
    assert refusal(await sign_in_with_passkey(api, stranger)) == REFUSED
    assert refusal(await sign_in_with_passkey(api, Authenticator())) == REFUSED
    begun = await begin(api, SIGN_IN)
    good = passkey.get(begun["options"])
    for broken in (
        {},
        {"id": 7},
        good | {"rawId": "AA"},
        good | {"response": {}},
        good | {"response": good["response"] | {"authenticatorData": "AA"}},
        good | {"response": good["response"] | {"clientDataJSON": "e30"}},
        good | {"response": good["response"] | {"signature": "%%%"}},
    ):
        begun = await begin(api, SIGN_IN)
        assert refusal(await answer(api, begun, broken)) == REFUSED, broken
    assert (await sign_in_with_passkey(api, passkey)).status_code == 200


async def test_malformed_registrations_are_refused(api: Api, token: str) -> None:
    for broken in ({}, {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}):
        assert refusal(await add_passkey(api, token, Authenticator(), credential=broken)) == REFUSED
    authenticator = Authenticator()
    begun = await begin(api, REGISTER, token)
    good = authenticator.create(begun["options"])
    for attestation in ("", "AA", "oA", "gA"):
        broken = good | {"response": good["response"] | {"attestationObject": attestation}}
        assert refusal(await add_passkey(api, token, authenticator, credential=broken)) == REFUSED, attestation


@pytest.mark.clause("ASVS 6.1.1 passkeys")
async def test_failed_passkeys_use_up_no_password_attempt(api: Api, passkey: Authenticator) -> None:
    passkey.verifies_user = False
    for _ in range(30):
        assert refusal(await sign_in_with_passkey(api, passkey)) == REFUSED
    assert (await api.login()).status_code == 200


async def test_a_credential_is_registered_once_by_any_user(api: Api, token: str, passkey: Authenticator) -> None:
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    assert refusal(await add_passkey(api, other, passkey)) == (409, "RES_002")


async def test_the_own_passkey_steps_up_and_other_users_passkeys_do_not(
    api: Api, passkey: Authenticator, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    token = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    clock.advance(seconds=400)
    stranger_token = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    stranger = Authenticator()
    await add_passkey(api, stranger_token, stranger)
    token = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    for authenticator, status in ((stranger, 401), (passkey, 200)):
        begun = await begin(api, STEP_UP, token)
        assertion = {"ceremony_id": begun["ceremony_id"], "credential": authenticator.get(begun["options"])}
        stepped = await api.post("/auth/step-up", {"passkey": assertion}, token=token)
        assert stepped.status_code == status, stepped.text
    claims = await verifier.verify(stepped.json()["data"]["access_token"])
    assert claims.authenticated_at == clock.now()


async def test_only_its_owner_renames_and_removes_a_passkey(api: Api, passkey: Authenticator, clock: ControlledClock) -> None:
    token = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    (listed,) = (await api.get("/auth/factors", token=token)).json()["data"]["passkeys"]
    path = f"/auth/factors/passkeys/{listed['id']}"
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    for refused in (await api.patch(path, {"name": "Mine"}, token=other), await api.delete(path, token=other)):
        assert refusal(refused) == (404, "RES_001")
    token = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    assert (await api.patch(path, {"name": "Old phone"}, token=token)).json()["data"]["name"] == "Old phone"
    clock.advance(seconds=301)
    assert refusal(await api.delete(path, token=token)) == (401, "AUTH_005")
    fresh = (await sign_in_with_passkey(api, passkey)).json()["data"]["access_token"]
    assert (await api.delete(path, token=fresh)).status_code == 200
    assert refusal(await sign_in_with_passkey(api, passkey)) == REFUSED


async def test_a_password_alone_adds_no_passkey_if_there_is_a_second_factor(api: Api, token: str, clock: ControlledClock) -> None:
    await second_factor(api, token, clock)
    assert refusal(await api.post("/auth/factors/passkeys/options", token=token)) == (401, "AUTH_005")
