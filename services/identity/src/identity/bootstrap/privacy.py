"""Exports and erasures, on what they need of the world."""

from identity.application.ports.authority import Authority
from identity.application.ports.permissions import Permissions
from identity.application.ports.sessions import Revocations, Roles
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.privacy import Privacy
from identity.application.privacy.acknowledge_erasure import AcknowledgeErasure
from identity.application.privacy.export_data import ExportData
from identity.application.privacy.queries import PrivacyQueries
from identity.application.privacy.read_erasure import GetErasure
from identity.application.privacy.request_erasure import RequestErasure
from kernel.clock import Clock


def build_privacy(
    *,
    uow: UnitOfWork,
    queries: PrivacyQueries,
    roles: Roles,
    permissions: Permissions,
    authority: Authority,
    revocations: Revocations,
    clock: Clock,
) -> Privacy:
    return Privacy(
        request_erasure=RequestErasure(uow, roles, permissions, authority, revocations, clock),
        acknowledge_erasure=AcknowledgeErasure(uow, clock),
        get_erasure=GetErasure(queries),
        export_data=ExportData(uow, queries, permissions, clock),
    )
