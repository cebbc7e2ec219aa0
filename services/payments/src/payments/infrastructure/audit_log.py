"""Compliance's audit log, over gRPC."""

from uuid import UUID

import grpc.aio

from chassis.telemetry import log
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import DomainError, Kind


class ComplianceAuditLog:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: compliance_pb2_grpc.AuditLogServiceAsyncStub = compliance_pb2_grpc.AuditLogServiceStub(channel)

    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        try:
            entry = await self._stub.GetFirstEntry(compliance_pb2.GetFirstEntryRequest(resource_id=str(transfer_id)))
        except DomainError as error:
            if error.kind is Kind.UNAVAILABLE:
                log.warning("audit_log_silent", transfer_id=str(transfer_id))
            elif error.kind is not Kind.NOT_FOUND:
                raise
            return None
        return entry.leaf_hash.hex()
