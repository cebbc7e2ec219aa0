"""Device keys: registered by their holder, reported to peers, and valid until revoked."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.identity.v1 import events_pb2, identity_pb2
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, Es256Device, b64, proof, register_key
from services.identity.tests.contract.held_locks import held
from services.identity.tests.contract.outbox import published, recording
from services.identity.tests.contract.peers import Stub

DEVICES = [Ed25519Device, Es256Device]
Device = Ed25519Device | Es256Device


async def challenge(api: Api, token: str) -> str:
    text: str = (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    return text


@pytest.mark.parametrize("kind", DEVICES)
async def test_a_key_is_registered_and_reported_to_peers(api: Api, stub: Stub, kind: Callable[[], Device]) -> None:
    token, device = await api.signed_in(), kind()
    answer = await register_key(api, token, device)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    found = await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=data["id"]))
    assert (found.algorithm, found.public_key, found.device_id) == (device.algorithm, device.public, str(api.device_id))
    assert found.active
    assert not found.HasField("revoked_at")
    listed = (await api.get("/device-keys", token=token)).json()["data"]["items"]
    assert listed == [data]


@pytest.mark.parametrize("kind", DEVICES)
async def test_a_key_is_not_registered_without_its_private_half(api: Api, kind: Callable[[], Device]) -> None:
    token, device = await api.signed_in(), kind()
    text = await challenge(api, token)
    stranger = proof(kind(), text)
    for changes in (
        {"signature": stranger["signature"]},
        {"public_key": stranger["public_key"]},
        {"signature": b64(bytes(64))},
        {"signature": "", "public_key": b64(device.public)},
        {"signature": b64(device.sign(text.encode()))},
        {"public_key": b64(device.public) + "=="},
        {"public_key": "ü"},
        {"public_key": b64(bytes(len(device.public)))},
    ):
        answer = await api.post("/device-keys", proof(device, text, **changes), token=token)
        assert (answer.status_code, answer.json()["code"]) == (422, "VAL_001"), changes
    assert (await api.get("/device-keys", token=token)).json()["data"]["total"] == 0


async def test_a_challenge_is_for_one_device_and_lasts_minutes(api: Api, clock: ControlledClock) -> None:
    token, device = await api.signed_in(), Ed25519Device()
    text = await challenge(api, token)
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    for made_up in (text[:-5] + "AAAA=", "", "%", text + "AAAA", b64(bytes(56))):
        answer = await api.post("/device-keys", proof(device, made_up), token=token)
        assert answer.status_code == 422, made_up
    assert (await api.post("/device-keys", proof(device, text), token=other)).status_code == 422
    clock.advance(seconds=299)
    assert (await api.post("/device-keys", proof(device, text), token=token)).status_code == 201
    clock.advance(seconds=1)
    late = await api.post("/device-keys", proof(Ed25519Device(), text), token=token)
    assert [error["field"] for error in late.json()["errors"]] == ["challenge"]


async def test_registering_needs_a_recent_sign_in(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    clock.advance(seconds=301)
    answer = await register_key(api, token, Ed25519Device())
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_005")


async def test_a_device_has_one_key_and_a_new_one_revokes_the_old_one(api: Api, stub: Stub, database: Database) -> None:
    token = await api.signed_in()
    first, second = [(await register_key(api, token, device)).json()["data"] for device in (Ed25519Device(), Es256Device())]
    found = await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=first["id"]))
    assert (found.active, found.HasField("revoked_at")) == (False, True)
    ((event, aggregate_id),) = await published(database, events_pb2.DeviceKeyRevoked)
    assert (event.key_id, event.reason, aggregate_id) == (first["id"], "replaced", first["id"])
    assert (await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=second["id"]))).active


async def test_a_registered_key_is_never_registered_again(api: Api) -> None:
    token, device = await api.signed_in(), Ed25519Device()
    key_id = (await register_key(api, token, device)).json()["data"]["id"]
    assert (await api.delete(f"/device-keys/{key_id}", token=token)).status_code == 200
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    for caller in (token, other):
        answer = await register_key(api, caller, device)
        assert (answer.status_code, answer.json()["code"]) == (409, "RES_002")


async def test_revoking_twice_changes_nothing_and_other_users_keys_are_not_found(api: Api, database: Database) -> None:
    token = await api.signed_in()
    key_id = (await register_key(api, token, Ed25519Device())).json()["data"]["id"]
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    assert (await api.delete(f"/device-keys/{key_id}", token=other)).status_code == 404
    assert (await api.delete(f"/device-keys/{uuid4()}", token=token)).status_code == 404
    first, again = [(await api.delete(f"/device-keys/{key_id}", token=token)).json()["data"] for _ in range(2)]
    assert first == again
    assert first["revoke_reason"] == "asked"
    assert len(await published(database, events_pb2.DeviceKeyRevoked)) == 1


async def test_concurrent_revocations_revoke_once(api: Api, database: Database, database_urls: DatabaseUrls) -> None:
    token = await api.signed_in()
    key_id = (await register_key(api, token, Ed25519Device())).json()["data"]["id"]
    async with recording(database) as record:
        async with held(database_urls, "SELECT 1 FROM device_keys FOR UPDATE") as waiting:
            asked = [asyncio.ensure_future(api.delete(f"/device-keys/{key_id}", token=token)) for _ in range(3)]
            await waiting(3)
        answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    assert (record.actions, [event["key_id"] for event in record.events]) == (["identity.device_key.revoke"], [key_id])


async def test_concurrent_registrations_leave_one_active_key(api: Api) -> None:
    token = await api.signed_in()
    answers = await asyncio.gather(*(register_key(api, token, Ed25519Device()) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    items = (await api.get("/device-keys", token=token)).json()["data"]["items"]
    assert (len(items), sum(item["revoked_at"] is None for item in items)) == (8, 1)
