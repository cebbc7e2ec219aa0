"""Erasures, and the export of a user's data."""

from identity.application.privacy import Privacy
from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
from identity.application.privacy.export_data import ExportData
from identity.application.privacy.read_erasure import GetErasure
from identity.application.privacy.request_erasure import RequestErasure
from identity.wiring.dependencies import Dependencies


def erasures(given: Dependencies) -> Privacy:
    return Privacy(
        request_erasure=RequestErasure(
            uow=given.uow,
            roles=given.roles,
            permissions=given.permissions,
            authority=given.authority,
            revocations=given.revocations,
            clock=given.clock,
        ),
        acknowledge_erasure=AcknowledgeErasure(uow=given.uow, clock=given.clock),
        get_erasure=GetErasure(queries=given.queries),
        export_data=ExportData(uow=given.uow, queries=given.queries, permissions=given.permissions, clock=given.clock),
    )
