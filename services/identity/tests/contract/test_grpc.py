"""Identity's gRPC methods, as peers use them."""

import base64
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.json_format import MessageToDict
from sqlalchemy import event

from chassis.persistence.database import Database
from chassis.rpc import RemoteError
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1 import identity_pb2
from kernel.errors import Kind
from kernel.ids import new_id
from kernel.wallet_addresses import address_text
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, proof
from services.identity.tests.contract.peers import Stub
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

REASON = {"reason": "Reported as stolen"}


async def test_a_subject_exists_and_is_active(api: Api, stub: Stub) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    answer = await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))
    assert (answer.subject_id, answer.active) == (user_id, True)


async def test_responses_have_every_field_a_peer_may_know(api: Api, stub: Stub, clock: ControlledClock) -> None:
    made = (await api.register()).json()["data"]
    clock.advance(seconds=60)
    token = (await api.login()).json()["data"]["access_token"]
    device, challenge = Ed25519Device(), (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    clock.advance(seconds=60)
    registered = (await api.post("/device-keys", proof(device, challenge), token=token)).json()["data"]

    async def responses() -> list[dict[str, Any]]:
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
    assert await responses() == [subject, address, {**key, "active": True}]
    clock.advance(seconds=60)
    await api.delete(f"/device-keys/{registered['id']}", token=token)
    assert await responses() == [subject, address, {**key, "revoked_at": "2026-03-21T08:03:00Z"}]


async def test_many_subjects_are_read_one_by_one_in_a_single_statement(
    api: Api, stub: Stub, database: Database, fakes: Fakes
) -> None:
    active, suspended, deleted, restored = [
        (await api.register(email=f"{number}@example.na", phone=f"+26481123000{number}")).json()["data"]["id"]
        for number in range(4)
    ]
    admin = await signed_in_as(api, fakes, "admin")
    for user_id, changes in ((suspended, ["suspend"]), (deleted, ["delete"]), (restored, ["delete", "restore"])):
        for change in changes:
            path = f"/users/{user_id}"
            answer = await (
                api.delete(f"{path}?reason=asked", token=admin)
                if change == "delete"
                else api.post(f"{path}/{change}", REASON, token=admin)
            )
            assert answer.is_success, answer.text
    stranger = str(new_id())
    # The notification after a commit is a statement too.
    await database.finish()
    statements: list[str] = []

    def note(*execution: Any) -> None:
        statements.append(execution[2])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    asked = [stranger, suspended, active, deleted, restored, *(str(new_id()) for _ in range(495))]
    responses = await stub.GetSubjects(identity_pb2.GetSubjectsRequest(subject_ids=asked))
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)

    assert len(statements) == 1
    assert [(one.subject_id, one.active, one.closed) for one in responses.subjects] == [
        (suspended, False, False),
        (active, True, False),
        (deleted, False, True),
        (restored, True, False),
    ]


@pytest.mark.parametrize("ids", [[], ["me"], [str(UUID(int=7))] * 2, [str(UUID(int=number)) for number in range(501)]])
async def test_a_request_names_1_to_500_different_subjects(stub: Stub, ids: list[str]) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.GetSubjects(identity_pb2.GetSubjectsRequest(subject_ids=ids))
    assert refused.value.kind is Kind.INVALID


@pytest.mark.parametrize(
    ("subject_id", "kind"),
    [("0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", Kind.NOT_FOUND), ("not-a-uuid", Kind.INVALID), ("", Kind.INVALID)],
)
async def test_unknown_subjects_are_not_found_and_malformed_ids_are_invalid(
    stub: Stub,
    subject_id: str,
    kind: Kind,
) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=subject_id))
    assert refused.value.kind is kind
