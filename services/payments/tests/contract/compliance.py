"""Compliance's side of payments' requests: screening, and the audit log's hash of a transfer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from chassis.rpc import RpcServer, RpcService, connect
from chassis.settings import ServiceSettings
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import DomainError, NotFound
from payments.infrastructure.audit_log import ComplianceAuditLog
from payments.infrastructure.screening import ComplianceScreening

# ruff: noqa: N802  # the proto's names

Verdicts = list[compliance_pb2.Verdict]


class PaymentsAsPeer(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


@dataclass
class Compliance(compliance_pb2_grpc.ScreeningServiceServicer, compliance_pb2_grpc.AuditLogServiceServicer):
    """Clears every order except those of blocked users or with blocked wallets; `answers` replaces its verdicts."""

    blocked: set[UUID] = field(default_factory=set)
    asked: list[list[compliance_pb2.Screening]] = field(default_factory=list)
    answers: Callable[[Verdicts], Verdicts] = lambda verdicts: verdicts
    logged: dict[str, bytes] = field(default_factory=dict)
    refusal: DomainError | None = None

    async def ScreenTransfers(
        self, request: compliance_pb2.ScreenTransfersRequest, context: Any
    ) -> compliance_pb2.ScreenTransfersResponse:
        self.asked.append(list(request.transfers))
        verdicts = [
            compliance_pb2.Verdict(clear=True)
            if self.blocked.isdisjoint(map(UUID, (one.initiator_id, one.source_id, one.target_id)))
            else compliance_pb2.Verdict(clear=False, reason="on the list")
            for one in request.transfers
        ]
        return compliance_pb2.ScreenTransfersResponse(verdicts=self.answers(verdicts))

    async def GetFirstEntry(
        self, request: compliance_pb2.GetFirstEntryRequest, context: Any
    ) -> compliance_pb2.GetFirstEntryResponse:
        if self.refusal:
            raise self.refusal
        if request.resource_id not in self.logged:
            raise NotFound(resource_id=request.resource_id)
        return compliance_pb2.GetFirstEntryResponse(sequence=7, leaf_hash=self.logged[request.resource_id])


@dataclass
class Peers:
    compliance: Compliance
    server: RpcServer
    screening: ComplianceScreening
    audit_log: ComplianceAuditLog


@asynccontextmanager
async def compliance_as_peer() -> AsyncIterator[Peers]:
    """Serve compliance's contract, and return payments' clients for it."""
    compliance = Compliance()
    services = [
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server, compliance, "elcorp.compliance.v1.ScreeningService"
        ),
        RpcService(compliance_pb2_grpc.add_AuditLogServiceServicer_to_server, compliance, "elcorp.compliance.v1.AuditLogService"),
    ]
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    async with connect(PaymentsAsPeer(compliance_target=f"dns:///127.0.0.1:{server.port}"), "compliance") as channel:
        yield Peers(compliance, server, ComplianceScreening(channel), ComplianceAuditLog(channel))
    await server.stop(grace_seconds=1)
