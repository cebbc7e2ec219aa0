"""The gRPC services of compliance."""

from datetime import UTC
from typing import Any
from uuid import UUID

from chassis.rpc import RpcService
from compliance.application import Compliance
from compliance.application.decisions.views import DecisionFilter
from compliance.domain.screening import ScreenedTransfer
from compliance.interfaces.decision_messages import decision_message, denials_message
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.pages import CursorRequest


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


class DecisionLogServicer(compliance_pb2_grpc.DecisionLogServiceServicer):
    def __init__(self, app: Compliance) -> None:
        self._app = app

    async def ListDecisions(  # noqa: N802  # the proto's name
        self,
        request: compliance_pb2.ListDecisionsRequest,
        context: Any,  # noqa: ARG002
    ) -> compliance_pb2.ListDecisionsResponse:
        wanted = DecisionFilter(
            permissions=list(request.permissions) or None,
            since=request.since.ToDatetime(UTC) if request.HasField("since") else None,
        )
        cursor = CursorRequest(request.cursor or None, request.limit)
        page = await self._app.decisions.list_decisions(wanted=wanted, cursor=cursor)
        decisions = [decision_message(decision) for decision in page.items]
        return compliance_pb2.ListDecisionsResponse(decisions=decisions, next_cursor=page.next_cursor or "")

    async def SummarizeShadowDenials(  # noqa: N802  # the proto's name
        self,
        request: compliance_pb2.SummarizeShadowDenialsRequest,
        context: Any,  # noqa: ARG002
    ) -> compliance_pb2.SummarizeShadowDenialsResponse:
        since = request.since.ToDatetime(UTC)
        denials = await self._app.decisions.summarize_shadow_denials(policy=request.policy, since=since)
        if not denials:
            return compliance_pb2.SummarizeShadowDenialsResponse()
        total, *by_permission = denials
        return compliance_pb2.SummarizeShadowDenialsResponse(
            denials=map(denials_message, by_permission), decisions=total.decisions, people=total.people
        )


def rpc_services(app: Compliance) -> list[RpcService]:
    return [
        RpcService(
            compliance_pb2_grpc.add_AuditLogServiceServicer_to_server,
            AuditLogServicer(app),
            "elcorp.compliance.v1.AuditLogService",
        ),
        RpcService(
            compliance_pb2_grpc.add_DecisionLogServiceServicer_to_server,
            DecisionLogServicer(app),
            "elcorp.compliance.v1.DecisionLogService",
        ),
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server,
            ScreeningServicer(app),
            "elcorp.compliance.v1.ScreeningService",
        ),
    ]
