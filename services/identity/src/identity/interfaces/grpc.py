"""The RPCs of identity for other services."""

from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.projections.positions import position_of
from chassis.rpc import RpcService
from chassis.rpc.callers import caller
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from identity.application import Identity
from kernel.wallet_addresses import address_text


class IdentityServicer(identity_pb2_grpc.IdentityServiceServicer):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def GetSubject(  # noqa: N802  # the proto's name
        self,
        request: identity_pb2.GetSubjectRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.GetSubjectResponse:
        subject = await self._identity.users.get_subject(subject_id=UUID(request.subject_id))
        return identity_pb2.GetSubjectResponse(subject_id=str(subject.id), active=subject.is_active)

    async def GetSubjects(  # noqa: N802
        self,
        request: identity_pb2.GetSubjectsRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.GetSubjectsResponse:
        found = await self._identity.users.get_subjects(subject_ids=[UUID(subject_id) for subject_id in request.subject_ids])
        return identity_pb2.GetSubjectsResponse(
            subjects=[
                identity_pb2.Subject(subject_id=str(subject.id), active=subject.is_active, closed=subject.is_closed)
                for subject in found
            ]
        )

    async def ListStandings(  # noqa: N802
        self,
        request: identity_pb2.ListStandingsRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.ListStandingsResponse:
        page = await self._identity.users.list_standings(cursor=request.cursor, limit=request.limit)
        return identity_pb2.ListStandingsResponse(
            standings=[
                identity_pb2.UserStanding(user_id=str(each.user_id), status=each.status, version=each.version)
                for each in page.rows
            ],
            position=position_of(page),
        )

    async def LookUpAddress(  # noqa: N802
        self,
        request: identity_pb2.LookUpAddressRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.LookUpAddressResponse:
        payee = await self._identity.wallet_addresses.look_up_address(address=request.address)
        return identity_pb2.LookUpAddressResponse(
            address=str(payee.address),
            user_id=str(payee.user_id),
            active=payee.is_active,
            masked_name=payee.masked_name,
            text=address_text(payee.address),
        )

    async def GetDeviceKey(  # noqa: N802
        self,
        request: identity_pb2.GetDeviceKeyRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.GetDeviceKeyResponse:
        key = await self._identity.device_keys.get_device_key(key_id=UUID(request.key_id))
        return identity_pb2.GetDeviceKeyResponse(
            key_id=str(key.id),
            user_id=str(key.user_id),
            device_id=str(key.device_id),
            algorithm=key.algorithm.value,
            public_key=key.public_key,
            registered_at=_timestamp(key.registered_at),
            revoked_at=_timestamp(key.revoked_at) if key.revoked_at else None,
            active=key.is_active,
        )


class NoticeServicer(identity_pb2_grpc.NoticeServiceServicer):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def SendToAddress(  # noqa: N802
        self,
        request: identity_pb2.SendToAddressRequest,
        context: Any,  # noqa: ARG002
    ) -> identity_pb2.SendToAddressResponse:
        await self._identity.notices.send_to_address(
            caller=caller().subject_id,
            key=request.key,
            template=request.template,
            address=request.address,
            facts=dict(request.facts),
            language=request.language,
        )
        return identity_pb2.SendToAddressResponse()


def _timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at)
    return timestamp


def rpc_services(identity: Identity) -> list[RpcService]:
    return [
        RpcService(
            identity_pb2_grpc.add_IdentityServiceServicer_to_server,
            IdentityServicer(identity),
            "elcorp.identity.v1.IdentityService",
        ),
        RpcService(
            identity_pb2_grpc.add_NoticeServiceServicer_to_server, NoticeServicer(identity), "elcorp.identity.v1.NoticeService"
        ),
    ]
