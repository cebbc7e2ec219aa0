"""What peers rely on."""

from collections.abc import AsyncIterator
from typing import ClassVar
from uuid import uuid4

import pytest

from chassis.rpc import RemoteError, RpcServer, connect
from chassis.settings import ServiceSettings
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from identity.application import Identity
from identity.interfaces.grpc import rpc_services
from kernel.errors import Kind
from services.identity.tests.contract.api import Api


class PeerSettings(ServiceSettings):
    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("identity",)


@pytest.fixture
async def stub(identity: Identity) -> AsyncIterator["identity_pb2_grpc.IdentityServiceAsyncStub"]:
    server = RpcServer("127.0.0.1", 0, rpc_services(identity))
    await server.start()
    async with connect(PeerSettings(identity_target=f"dns:///127.0.0.1:{server.port}"), "identity") as channel:
        yield identity_pb2_grpc.IdentityServiceStub(channel)
    await server.stop(grace_seconds=1)


async def test_subject_exists_and_may_act(api: Api, stub: "identity_pb2_grpc.IdentityServiceAsyncStub") -> None:
    user_id = (await api.register()).json()["data"]["id"]
    answer = await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))
    assert (answer.subject_id, answer.active) == (user_id, True)


@pytest.mark.parametrize(
    ("subject_id", "kind"), [(str(uuid4()), Kind.NOT_FOUND), ("not-a-uuid", Kind.INVALID), ("", Kind.INVALID)]
)
async def test_strangers_are_not_found_and_nonsense_is_invalid(
    stub: "identity_pb2_grpc.IdentityServiceAsyncStub",
    subject_id: str,
    kind: Kind,
) -> None:
    with pytest.raises(RemoteError) as refused:
        await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=subject_id))
    assert refused.value.kind is kind
