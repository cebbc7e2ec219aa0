"""The gRPC services of compliance."""

from typing import Any
from uuid import UUID

from chassis.rpc import RpcService
from compliance.application import Compliance
from compliance.domain.screening import ScreenedTransfer
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc


class ScreeningServicer(compliance_pb2_grpc.ScreeningServiceServicer):
    def __init__(self, app: Compliance) -> None:
        self._app = app

    async def ScreenTransfers(  # noqa: N802  # the proto's name
        self,
        request: compliance_pb2.ScreenTransfersRequest,
        context: Any,  # noqa: ARG002
    ) -> compliance_pb2.ScreenTransfersResponse:
        reasons = await self._app.screening.screen_transfers(
            transfers=[
                ScreenedTransfer(
                    UUID(transfer.initiator_id),
                    UUID(transfer.source_id),
                    UUID(transfer.target_id),
                    UUID(transfer.organization_id) if transfer.organization_id else None,
                )
                for transfer in request.transfers
            ]
        )
        verdicts = [compliance_pb2.Verdict(clear=reason is None, reason=reason or "") for reason in reasons]
        return compliance_pb2.ScreenTransfersResponse(verdicts=verdicts)


class AuditLogServicer(compliance_pb2_grpc.AuditLogServiceServicer):
    def __init__(self, app: Compliance) -> None:
        self._app = app

    async def GetFirstEntry(  # noqa: N802  # the proto's name
        self,
        request: compliance_pb2.GetFirstEntryRequest,
        context: Any,  # noqa: ARG002
    ) -> compliance_pb2.GetFirstEntryResponse:
        logged = await self._app.audit.get_first_entry(resource_id=request.resource_id)
        return compliance_pb2.GetFirstEntryResponse(sequence=logged.sequence, leaf_hash=logged.hash)


def rpc_services(app: Compliance) -> list[RpcService]:
    return [
        RpcService(
            compliance_pb2_grpc.add_AuditLogServiceServicer_to_server,
            AuditLogServicer(app),
            "elcorp.compliance.v1.AuditLogService",
        ),
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server,
            ScreeningServicer(app),
            "elcorp.compliance.v1.ScreeningService",
        ),
    ]
