"""What peers ask identity."""

from typing import Any
from uuid import UUID

from chassis.rpc import RpcService
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from identity.application import Identity


class IdentityServicer(identity_pb2_grpc.IdentityServiceServicer):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def GetSubject(  # noqa: N802  # the proto's name
        self,
        request: identity_pb2.GetSubjectRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.GetSubjectResponse:
        subject = await self._identity.accounts.get_subject(subject_id=UUID(request.subject_id))
        return identity_pb2.GetSubjectResponse(subject_id=str(subject.id), active=subject.is_active)


def rpc_services(identity: Identity) -> list[RpcService]:
    return [
        RpcService(
            identity_pb2_grpc.add_IdentityServiceServicer_to_server,
            IdentityServicer(identity),
            "elcorp.identity.v1.IdentityService",
        )
    ]
