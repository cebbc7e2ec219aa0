"""Identity's side of payments' requests for payers' device keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

from chassis.crypto import SigningKey
from chassis.rpc import RpcServer, RpcService, connect
from chassis.settings import ServiceSettings
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from kernel.errors import NotFound
from payments.domain.errors import InvalidSignature
from payments.domain.transfer_order import TransferOrder
from payments.infrastructure.signatures import DeviceSignatures

KEY_ID: Final = UUID(int=1)
# RFC 8032's first test key.
SEED: Final = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")


class PaymentsAsPeer(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("identity",)


@dataclass
class Identity(identity_pb2_grpc.IdentityServiceServicer):
    """Has one key."""

    key: identity_pb2.GetDeviceKeyResponse = field(
        default_factory=lambda: identity_pb2.GetDeviceKeyResponse(
            key_id=str(KEY_ID),
            algorithm="Ed25519",
            public_key=SigningKey.from_bytes(SEED).public_bytes,
            active=True,
        )
    )

    async def GetDeviceKey(  # noqa: N802  # the proto's name
        self,
        request: identity_pb2.GetDeviceKeyRequest,
        context: Any,
    ) -> identity_pb2.GetDeviceKeyResponse:
        if request.key_id != self.key.key_id:
            raise NotFound(key_id=request.key_id)
        return self.key


@dataclass
class Peers:
    identity: Identity
    server: RpcServer
    signatures: DeviceSignatures

    async def takes(self, order: TransferOrder) -> bool:
        assert order.signature
        try:
            await self.signatures.verify(order.signature, by=order.initiator_id, texts=[order.signed_text])
        except InvalidSignature:
            return False
        return True


@asynccontextmanager
async def device_keys(user_id: UUID) -> AsyncIterator[Peers]:
    """Serve an identity that has one key of this user, and return a client for it."""
    identity = Identity()  # type: ignore[abstract]  # payments calls no other method
    identity.key.user_id = str(user_id)
    add = identity_pb2_grpc.add_IdentityServiceServicer_to_server
    server = RpcServer("127.0.0.1", 0, [RpcService(add, identity, "elcorp.identity.v1.IdentityService")])
    await server.start()
    async with connect(PaymentsAsPeer(identity_target=f"dns:///127.0.0.1:{server.port}"), "identity") as channel:
        yield Peers(identity, server, DeviceSignatures(channel))
    await server.stop(grace_seconds=1)
