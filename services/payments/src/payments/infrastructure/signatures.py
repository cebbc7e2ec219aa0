"""Verifies payers' signatures with their device keys from identity."""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

import grpc.aio

from chassis.crypto import verify_device_signature
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from kernel.errors import DomainError, Kind
from payments.domain.errors import InvalidSignature
from payments.domain.transfer_order import Signature
from payments.infrastructure.peer_errors import errors_as_unavailable


class DeviceSignatures:
    """Gets the key from identity each time, so that a revoked key is refused at once."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: identity_pb2_grpc.IdentityServiceAsyncStub = identity_pb2_grpc.IdentityServiceStub(channel)

    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        key, value = await self._key(signature.key_id), _decoded(signature.value)
        owned = key.active and key.user_id == str(by) and key.algorithm == signature.algorithm
        for text in texts if owned else ():
            if verify_device_signature(key.algorithm, key.public_key, value, text):
                return text
        raise InvalidSignature(field="signature", key_id=signature.key_id)

    async def _key(self, key_id: UUID) -> identity_pb2.GetDeviceKeyResponse:
        with errors_as_unavailable("identity"):
            try:
                return await self._stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=str(key_id)))
            except DomainError as error:
                if error.kind is Kind.NOT_FOUND:
                    raise InvalidSignature(field="signature", key_id=key_id) from None
                raise


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
