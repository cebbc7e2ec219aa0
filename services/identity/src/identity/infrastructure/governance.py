"""Roles from governance, and its decisions about acts on other users' accounts, over gRPC."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import grpc.aio

from chassis.rpc import RemoteError
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from identity.application.ports.roles import Rights
from identity.domain.errors import BeyondAuthority, LastAdministrator
from kernel.errors import DomainError

_REFUSALS: Final[dict[str, type[DomainError]]] = {refusal.code: refusal for refusal in (BeyondAuthority, LastAdministrator)}


class GovernanceRoles:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        return (await self.rights_of(user_id)).roles

    async def rights_of(self, user_id: UUID) -> Rights:
        response = await self._stub.GetSubjectRoles(governance_pb2.GetSubjectRolesRequest(subject_id=str(user_id)))
        return Rights(tuple(response.roles), frozenset(UUID(id_) for id_ in response.organization_ids))


class GovernanceAuthority:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.StandingServiceAsyncStub = governance_pb2_grpc.StandingServiceStub(channel)

    async def require(self, *, actor_id: UUID, subject_id: UUID) -> None:
        request = governance_pb2.RequireAuthorityRequest(actor_id=str(actor_id), subject_id=str(subject_id))
        with _refused(subject_id):
            await self._stub.RequireAuthority(request)

    async def disable(self, *, actor_id: UUID, subject_id: UUID, version: int) -> None:
        request = governance_pb2.DisableSubjectRequest(actor_id=str(actor_id), subject_id=str(subject_id), version=version)
        with _refused(subject_id):
            await self._stub.DisableSubject(request)


@contextmanager
def _refused(subject_id: UUID) -> Iterator[None]:
    try:
        yield
    except RemoteError as error:
        if refusal := _REFUSALS.get(error.code):
            raise refusal(subject_id=subject_id) from error
        raise
