"""The messages of the events that governance publishes."""

from chassis.messaging.contracts import Publications
from chassis.messaging.erasures import acknowledged_by
from chassis.messaging.notices import notice_requested
from elcorp.governance.v1 import events_pb2
from governance.domain.events import (
    LimitedRolesChanged,
    MembershipEnded,
    OrganizationStatusChanged,
    PolicyBundlePublished,
    SubjectRolesChanged,
)
from governance.interfaces.limited_roles import limited_role_message
from kernel.erasures import ErasureAcknowledged
from kernel.notices import NoticeRequested


def subject_roles_changed(event: SubjectRolesChanged) -> events_pb2.SubjectRolesChanged:
    return events_pb2.SubjectRolesChanged(subject_id=str(event.subject_id), roles=event.roles, version=event.version)


def limited_roles_changed(event: LimitedRolesChanged) -> events_pb2.LimitedRolesChanged:
    return events_pb2.LimitedRolesChanged(
        subject_id=str(event.subject_id),
        roles=[limited_role_message(role, limits) for role, limits in event.roles],
        version=event.version,
    )


def membership_ended(event: MembershipEnded) -> events_pb2.MembershipEnded:
    return events_pb2.MembershipEnded(subject_id=str(event.subject_id), organization_id=str(event.organization_id))


def organization_status_changed(event: OrganizationStatusChanged) -> events_pb2.OrganizationStatusChanged:
    return events_pb2.OrganizationStatusChanged(
        organization_id=str(event.organization_id), status=event.status, version=event.version
    )


def policy_bundle_published(event: PolicyBundlePublished) -> events_pb2.PolicyBundlePublished:
    return events_pb2.PolicyBundlePublished(version=event.version, bundle_id=str(event.bundle_id))


PUBLICATIONS = Publications(
    "governance",
    {
        SubjectRolesChanged: subject_roles_changed,
        LimitedRolesChanged: limited_roles_changed,
        MembershipEnded: membership_ended,
        OrganizationStatusChanged: organization_status_changed,
        PolicyBundlePublished: policy_bundle_published,
        NoticeRequested: notice_requested,
        ErasureAcknowledged: acknowledged_by(events_pb2.ErasureAcknowledged),
    },
)
