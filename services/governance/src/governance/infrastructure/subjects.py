"""Query subjects in identity over gRPC."""

from collections.abc import Collection
from uuid import UUID

import grpc.aio

from chassis.rpc import RemoteError
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from governance.domain.errors import UnknownSubject
from kernel.errors import Kind


class IdentitySubjects:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: identity_pb2_grpc.IdentityServiceAsyncStub = identity_pb2_grpc.IdentityServiceStub(channel)

    async def is_active(self, subject_id: UUID) -> bool:
        try:
            response = await self._stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=str(subject_id)))
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                raise UnknownSubject(field="subject_id", subject_id=subject_id) from error
            raise
        return bool(response.active)

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        asked = identity_pb2.GetSubjectsRequest(subject_ids=[str(subject_id) for subject_id in subject_ids])
        response = await self._stub.GetSubjects(asked)
        return frozenset(UUID(subject.subject_id) for subject in response.subjects if subject.active)
