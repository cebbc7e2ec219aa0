"""Governance's knowledge of roles, over gRPC."""

from uuid import UUID

import grpc.aio

from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc


class GovernanceRoles:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        response = await self._stub.GetSubjectRoles(governance_pb2.GetSubjectRolesRequest(subject_id=str(user_id)))
        return tuple(response.roles)
