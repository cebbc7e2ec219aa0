"""What peers rely on."""

import base64
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.json_format import MessageToDict

from chassis.rpc import RemoteError
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1 import identity_pb2
from kernel.errors import Kind
from kernel.wallet_addresses import address_text
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, proof
from services.identity.tests.contract.peers import Stub


async def test_subject_exists_and_may_act(api: Api, stub: Stub) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    answer = await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))
    assert (answer.subject_id, answer.active) == (user_id, True)


async def test_answers_say_all_that_a_peer_may_know(api: Api, stub: Stub, clock: ControlledClock) -> None:
    made = (await api.register()).json()["data"]
    clock.advance(seconds=60)
    token = (await api.login()).json()["data"]["access_token"]
    device, challenge = Ed25519Device(), (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    clock.advance(seconds=60)
    registered = (await api.post("/device-keys", proof(device, challenge), token=token)).json()["data"]

    async def told() -> list[dict[str, Any]]:
        answers = [
            await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=made["id"])),
            await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=made["wallet_address"])),
            await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=registered["id"])),
        ]
        return [MessageToDict(answer, preserving_proto_field_name=True) for answer in answers]

    subject = {"subject_id": made["id"], "active": True}
    address = {
        "address": made["wallet_address"],
        "user_id": made["id"],
        "active": True,
        "masked_name": "N••• S•••",
        "text": address_text(UUID(made["wallet_address"])),
    }
    key = {
        "key_id": registered["id"],
        "user_id": made["id"],
        "device_id": str(api.device_id),
        "algorithm": "Ed25519",
        "public_key": base64.b64encode(device.public).decode(),
        "registered_at": "2026-03-21T08:02:00Z",
    }
    assert await told() == [subject, address, {**key, "active": True}]
    clock.advance(seconds=60)
    await api.delete(f"/device-keys/{registered['id']}", token=token)
    assert await told() == [subject, address, {**key, "revoked_at": "2026-03-21T08:03:00Z"}]


@pytest.mark.parametrize(
    ("subject_id", "kind"),
    [("0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", Kind.NOT_FOUND), ("not-a-uuid", Kind.INVALID), ("", Kind.INVALID)],
)
async def test_strangers_are_not_found_and_nonsense_is_invalid(
    stub: Stub,
    subject_id: str,
    kind: Kind,
) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=subject_id))
    assert refused.value.kind is kind
