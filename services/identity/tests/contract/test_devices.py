"""Devices: notices of new ones, names, revocation, and what a known device may do that an unknown one may not."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1 import events_pb2, identity_pb2
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import Ed25519Device, dpop, register_key
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.peers import Stub
from services.identity.tests.fakes import Fakes

WRONG = "Wrong-Sunrise-47!"


async def new_device_notices(database: Database) -> int:
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT count(*) FROM messages WHERE template = 'new_device'"))
        return int(rows.scalar_one())


@pytest.fixture
async def pair(api: Api) -> dict[str, Any]:
    """The tokens of the first sign-in."""
    await api.register()
    data: dict[str, Any] = (await api.login()).json()["data"]
    return data


async def test_the_owner_is_notified_of_a_new_device_once_and_not_of_the_first(
    api: Api, database: Database, pair: dict[str, Any]
) -> None:
    await api.login()
    assert await new_device_notices(database) == 0
    other = str(uuid4())
    for _ in range(2):
        await api.login(device_id=other)
    assert await new_device_notices(database) == 1


async def test_devices_can_be_named_and_none_is_trusted(api: Api, database: Database, pair: dict[str, Any]) -> None:
    token, path = pair["access_token"], f"/devices/{api.device_id}"
    named = (await api.patch(path, {"name": "Telephone", "trusted": True}, token=token)).json()["data"]
    assert (named["name"], named["current"], named["revoked_at"]) == ("Telephone", True, None)
    # Clients may still send the mark; it is ignored.
    assert (named["trusted"], named["trusted_at"]) == (False, None)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT trusted_at FROM devices"))).scalars().all() == [None]
    assert (await api.patch(path, {"trusted": False}, token=token)).json()["data"]["name"] == "Telephone"
    assert (await api.patch(path, {"name": None}, token=token)).json()["data"]["name"] is None
    for body in ({"name": ""}, {"name": "x" * 65}, {"trusted": "yes"}, {"revoked_at": None}):
        assert refusal(await api.patch(path, body, token=token)) == (422, "VAL_001")


async def test_a_revoked_device_loses_its_session_and_key_and_counts_as_new_afterwards(
    api: Api, database: Database, fakes: Fakes, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    token, path = pair["access_token"], f"/devices/{api.device_id}"
    assert (await register_key(api, token, Ed25519Device())).status_code == 201
    other = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    for _ in range(2):
        assert (await api.delete(path, token=other)).status_code == 204
    assert (await api.refresh(pair["refresh_token"])).status_code == 401
    assert len(fakes.revocations.ended) == 1
    (key,) = (await api.get("/device-keys", token=other)).json()["data"]["items"]
    assert key["revoked_at"]
    revoked = (await api.get(path, token=other)).json()["data"]
    assert revoked["session_id"] is None
    assert revoked["revoked_at"]
    assert refusal(await api.patch(path, {"name": "x"}, token=other)) == (404, "RES_001")
    clock.advance(seconds=1)
    notices = await new_device_notices(database)
    again = (await api.login()).json()["data"]
    assert await new_device_notices(database) == notices + 1
    assert again["device_token"] != pair["device_token"]
    assert (await api.get(path, token=other)).json()["data"]["revoked_at"] is None


async def test_revoking_a_device_leaves_other_devices_sessions_and_keys(
    api: Api, database: Database, fakes: Fakes, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    other_id = str(uuid4())
    other = (await api.login(device_id=other_id)).json()["data"]
    token, path = other["access_token"], f"/devices/{other_id}"
    keys, device = [], Ed25519Device()
    for signed_in, holder in ((pair["access_token"], Ed25519Device()), (token, device)):
        keys.append((await register_key(api, signed_in, holder)).json()["data"])
    gone, kept = keys
    before = (await api.get(path, token=token)).json()["data"]
    assert (await api.delete(f"/devices/{api.device_id}", token=token)).status_code == 204
    listed = {key["id"]: key for key in (await api.get("/device-keys", token=token)).json()["data"]["items"]}
    assert (listed[gone["id"]]["revoke_reason"], listed[kept["id"]]) == ("device_revoked", kept)
    assert (await api.get(path, token=token)).json()["data"] == before
    revoked = [(event.key_id, event.reason) for event, _ in await published(database, events_pb2.DeviceKeyRevoked)]
    ended = [(event.session_id, event.reason) for event, _ in await published(database, events_pb2.SessionEnded)]
    assert revoked == [(gone["id"], "device_revoked")]
    assert [(UUID(session_id), reason) for session_id, reason in ended] == [
        (session_id, "device_revoked") for session_id in fakes.revocations.ended
    ]
    device_proof = dpop(device, at=clock.now())
    assert (await api.refresh(other["refresh_token"], device_id=other_id, proofs=[device_proof])).status_code == 200


async def test_the_list_has_the_callers_own_devices_with_their_sessions(
    api: Api, clock: ControlledClock, fakes: Fakes, pair: dict[str, Any]
) -> None:
    clock.advance(seconds=60)
    await api.refresh(pair["refresh_token"])
    listed = (await api.get("/devices", token=pair["access_token"])).json()["data"]
    (only,) = listed["items"]
    assert (listed["total"], only["id"], only["last_active_at"]) == (1, str(api.device_id), "2026-03-21T08:01:00Z")
    assert only["session_id"]
    stranger = await api.signed_in(email="stranger@example.na", phone="+264811234560")
    user_id = (await api.get("/users/me", token=pair["access_token"])).json()["data"]["id"]
    assert refusal(await api.get(f"/devices/{uuid4()}", token=stranger)) == (404, "RES_001")
    assert refusal(await api.delete(f"/devices/{uuid4()}", token=stranger)) == (404, "RES_001")
    assert refusal(await api.get(f"/devices?user_id={user_id}", token=stranger)) == (404, "RES_001")
    fakes.roles.roles = ("staff",)
    staff = await api.signed_in(email="staff@example.na", phone="+264811234561")
    assert (await api.get(f"/devices?user_id={user_id}", token=staff)).json()["data"]["items"][0]["id"] == str(api.device_id)


@pytest.mark.clause("ASVS 6.1.1")
async def test_an_unknown_device_does_not_lock_out_a_known_one(api: Api, fakes: Fakes, pair: dict[str, Any]) -> None:
    fakes.attempts.limit = 3
    for _ in range(3):
        assert refusal(await api.login(password=WRONG, device_id=str(uuid4()))) == (401, "AUTH_001")
    assert refusal(await api.login(device_id=str(uuid4()))) == (429, "RATE_001")
    # Knowing the device's id is no proof, nor is another device's token or another user's.
    assert refusal(await api.login()) == (429, "RATE_001")
    assert refusal(await api.login(device_id=str(uuid4()), device_token=pair["device_token"])) == (429, "RATE_001")
    assert refusal(await api.login(device_token="eld_" + "A" * 43)) == (429, "RATE_001")
    known = await api.login(device_token=pair["device_token"])
    assert known.status_code == 200
    assert known.json()["data"]["device_token"] == pair["device_token"]


@pytest.mark.clause("ASVS 6.1.1")
async def test_a_known_device_has_a_limit_of_attempts_too(api: Api, fakes: Fakes, pair: dict[str, Any]) -> None:
    fakes.attempts.limit = 3
    for _ in range(3):
        assert refusal(await api.login(password=WRONG, device_token=pair["device_token"])) == (401, "AUTH_001")
    assert refusal(await api.login(device_token=pair["device_token"])) == (429, "RATE_001")


async def test_a_revoked_device_is_not_known(api: Api, fakes: Fakes, pair: dict[str, Any]) -> None:
    fakes.attempts.limit = 2
    await api.delete(f"/devices/{api.device_id}", token=pair["access_token"])
    for _ in range(2):
        await api.login(password=WRONG)
    assert refusal(await api.login(device_token=pair["device_token"])) == (429, "RATE_001")


async def test_an_administrator_unlocks_a_user(api: Api, fakes: Fakes, database: Database, pair: dict[str, Any]) -> None:
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    fakes.roles.roles = ("user",)
    fakes.attempts.limit = 2
    for _ in range(2):
        await api.login(password=WRONG, device_id=str(uuid4()))
    assert refusal(await api.login(device_id=str(uuid4()))) == (429, "RATE_001")
    user_id = (await api.get("/users/me", token=pair["access_token"])).json()["data"]["id"]
    body = {"reason": "Called from the number on file"}
    assert refusal(await api.post(f"/users/{user_id}/unlock", body, token=pair["access_token"])) == (403, "ACC_001")
    assert refusal(await api.post(f"/users/{uuid4()}/unlock", body, token=admin)) == (404, "RES_001")
    assert (await api.post(f"/users/{user_id}/unlock", body, token=admin)).status_code == 204
    assert (await api.login(device_id=str(uuid4()))).status_code == 200
    async with database.read() as connection:
        query = "SELECT count(*) FROM outbox WHERE encode(payload, 'escape') LIKE '%identity.user.unlock%'"
        assert (await connection.execute(text(query))).scalar_one() == 1


async def test_unlocking_allows_known_devices_and_codes_again(
    api: Api, fakes: Fakes, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    fakes.roles.roles = ("user",)
    app = await second_factor(api, pair["access_token"], clock)
    clock.advance(seconds=60)
    for _ in range(20):
        await api.post("/auth/step-up", {"code": "000000"}, token=pair["access_token"])
    assert refusal(await api.post("/auth/step-up", {"code": app.code()}, token=pair["access_token"])) == (429, "RATE_001")
    fakes.attempts.limit = 1
    await api.login(password=WRONG, device_token=pair["device_token"])
    assert refusal(await api.login(device_token=pair["device_token"])) == (429, "RATE_001")
    user_id = (await api.get("/users/me", token=pair["access_token"])).json()["data"]["id"]
    assert (await api.post(f"/users/{user_id}/unlock", {"reason": "Called from the number on file"}, token=admin)).is_success
    assert (await api.login(device_token=pair["device_token"])).json()["data"]["mfa_required"]
    assert (await api.post("/auth/step-up", {"code": app.code()}, token=pair["access_token"])).status_code == 200


async def test_a_name_is_stored_sealed_and_setting_it_again_changes_nothing(
    api: Api, database: Database, pair: dict[str, Any]
) -> None:
    longest = "𐀀" * 64
    stored = []
    for name in ("Ndapewa's telephone", "Ndapewa's telephone", longest):
        changed = await api.patch(f"/devices/{api.device_id}", {"name": name}, token=pair["access_token"])
        assert (changed.status_code, changed.json()["data"]["name"]) == (200, name)
        async with database.read() as connection:
            stored.append((await connection.execute(text("SELECT name FROM devices"))).scalar_one())
    assert (stored[0] == stored[1], stored[1] == stored[2]) == (True, False)
    assert not [name for name in stored if "Ndapewa" in name or "𐀀" in name]


async def test_unlocking_reaches_more_devices_than_fit_on_a_page(
    api: Api, fakes: Fakes, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    fakes.roles.roles = ("user",)
    for _ in range(20):
        clock.advance(seconds=1)
        await api.login(device_id=str(uuid4()))
    fakes.attempts.limit = 1
    await api.login(password=WRONG, device_token=pair["device_token"])
    assert refusal(await api.login(device_token=pair["device_token"])) == (429, "RATE_001")
    user_id = (await api.get("/users/me", token=pair["access_token"])).json()["data"]["id"]
    assert (await api.post(f"/users/{user_id}/unlock", {"reason": "Called from the number on file"}, token=admin)).is_success
    assert (await api.login(device_token=pair["device_token"])).status_code == 200


async def test_a_device_of_two_users_has_separate_sessions_names_and_keys(
    api: Api, stub: Stub, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    """The app defines the device's id. An act of one user on the device leaves the other's session, name and key."""
    theirs = {"email": "johannes@example.na", "phone": "+264811234568"}
    await api.register(**theirs)
    other = (await api.login(email=theirs["email"])).json()["data"]
    keys, path, device = [], f"/devices/{api.device_id}", Ed25519Device()
    for token, holder in ((pair["access_token"], Ed25519Device()), (other["access_token"], device)):
        await api.patch(path, {"name": "Telephone"}, token=token)
        answer = await register_key(api, token, holder)
        keys.append(answer.json()["data"]["id"])
    before = (await api.get(path, token=other["access_token"])).json()["data"]
    elsewhere = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]

    async def active() -> list[bool]:
        return [(await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=key_id))).active for key_id in keys]

    assert await active() == [True, True]
    assert (await api.delete(path, token=elsewhere)).status_code == 204
    assert (await api.get(path, token=elsewhere)).json()["data"]["revoked_at"]
    assert await active() == [False, True]
    assert (await api.get(path, token=other["access_token"])).json()["data"] == before
    assert (await api.refresh(pair["refresh_token"])).status_code == 401
    assert (await api.refresh(other["refresh_token"], proofs=[dpop(device, at=clock.now())])).status_code == 200


async def test_revoking_a_device_needs_a_recent_sign_in_and_signing_it_out_does_not(
    api: Api, fakes: Fakes, database: Database, policies: Policies, clock: ControlledClock, pair: dict[str, Any]
) -> None:
    """A thief of a session cannot revoke a key of the owner's device, nor reset how long the device has been known."""
    key = (await register_key(api, pair["access_token"], Ed25519Device())).json()["data"]
    thief = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    device = f"/devices/{api.device_id}"
    session_id = (await api.get(device, token=thief)).json()["data"]["session_id"]
    clock.advance(seconds=301)
    policies.confirm()
    refused = await api.delete(device, token=thief)
    assert (refusal(refused), refused.json()["step_up"]["max_age"]) == ((401, "AUTH_005"), 300)
    assert (await api.get("/device-keys", token=thief)).json()["data"]["items"] == [key]
    assert await published(database, events_pb2.DeviceKeyRevoked) == []
    assert (await api.delete(f"/sessions/{session_id}", token=thief)).status_code == 204
    assert [str(each) for each in fakes.revocations.ended] == [session_id]
    fresh = (await api.post("/auth/step-up", {"password": PASSWORD}, token=thief)).json()["data"]["access_token"]
    assert (await api.delete(device, token=fresh)).status_code == 204
    assert [event.key_id for event, _ in await published(database, events_pb2.DeviceKeyRevoked)] == [key["id"]]
