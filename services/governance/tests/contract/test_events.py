"""The published and consumed events agree with their protos."""

from datetime import UTC, datetime

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1 import events_pb2
from elcorp.identity.v1.events_pb2 import UserRegistered
from governance import wiring
from governance.domain import events
from governance.domain.limits import Limits
from governance.interfaces.publications import PUBLICATIONS
from kernel.erasures import ErasureAcknowledged
from kernel.events import Event
from kernel.ids import new_id

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)


def test_every_event_of_the_contract_is_published() -> None:
    declared = {f"elcorp.governance.v1.{name}" for name in events_pb2.DESCRIPTOR.message_types_by_name} | {
        "elcorp.compliance.v1.AuditFactsRecorded",
        "elcorp.compliance.v1.PolicyDecisionsRecorded",
        "elcorp.platform.v1.NoticeRequested",
    }
    # Every service obeys it already; governance does not decide by its own chain yet.
    later = {"elcorp.governance.v1.ApprovalDecided"}
    # What is signed in ApprovalDecided, and no event.
    part = {"elcorp.governance.v1.SignedDecision"}

    assert {spec.message_class.DESCRIPTOR.full_name for spec in PUBLICATIONS.specs} == declared - later - part


def test_every_domain_event_has_its_message() -> None:
    announced = {each for each in vars(events).values() if isinstance(each, type) and issubclass(each, Event)} - {Event}

    assert announced == {
        events.SubjectRolesChanged,
        events.LimitedRolesChanged,
        events.MembershipEnded,
        events.OrganizationStatusChanged,
        events.PolicyBundlePublished,
    }


def test_changed_roles_are_published_completely() -> None:
    subject = new_id()
    event = events.SubjectRolesChanged(occurred_at=AT, subject_id=subject, roles=("staff", "user"), version=7)

    sent = PUBLICATIONS.encode(event)

    assert (sent.message_id, sent.type, sent.aggregate_id) == (
        event.event_id,
        "governance.subject_roles.changed",
        str(subject),
    )
    message = events_pb2.SubjectRolesChanged.FromString(sent.payload)
    assert message == events_pb2.SubjectRolesChanged(subject_id=str(subject), roles=["staff", "user"], version=7)


def test_changed_limited_roles_are_published_completely() -> None:
    subject, organization = new_id(), new_id()
    end = AT.replace(month=6)
    roles = (("staff", Limits(organization, AT, end)), ("user", Limits(ends_at=end)))
    event = events.LimitedRolesChanged(occurred_at=AT, subject_id=subject, roles=roles, version=7)

    sent = PUBLICATIONS.encode(event)

    assert (sent.type, sent.aggregate_id) == ("governance.limited_roles.changed", str(subject))
    message = events_pb2.LimitedRolesChanged.FromString(sent.payload)
    first, second = message.roles
    assert (message.subject_id, message.version) == (str(subject), 7)
    assert (first.role, first.organization_id) == ("staff", str(organization))
    assert (first.starts_at.ToDatetime(UTC), first.ends_at.ToDatetime(UTC)) == (AT, end)
    assert (second.role, second.organization_id, second.HasField("starts_at")) == ("user", "", False)


def test_an_acknowledged_erasure_is_published_completely() -> None:
    erasure, user = new_id(), new_id()
    event = ErasureAcknowledged(occurred_at=AT, erasure_id=erasure, user_id=user, kept=("role admin", "more"))

    sent = PUBLICATIONS.encode(event)

    assert (sent.message_id, sent.type, sent.aggregate_id) == (event.event_id, "governance.erasure.acknowledged", str(user))
    message = events_pb2.ErasureAcknowledged.FromString(sent.payload)
    assert message == events_pb2.ErasureAcknowledged(erasure_id=str(erasure), user_id=str(user), kept=["role admin", "more"])


def test_a_published_bundle_is_announced_with_its_version() -> None:
    event = events.PolicyBundlePublished(occurred_at=AT, bundle_id=new_id(), version=7)

    sent = PUBLICATIONS.encode(event)

    assert (sent.message_id, sent.type, sent.aggregate_id) == (
        event.event_id,
        "governance.bundle.published",
        str(event.bundle_id),
    )
    message = events_pb2.PolicyBundlePublished.FromString(sent.payload)
    assert message == events_pb2.PolicyBundlePublished(version=7, bundle_id=str(event.bundle_id))


def test_every_event_for_governance_is_consumed(database: Database) -> None:
    consumed = {
        spec_of(subscription.message_class).type for subscription in wiring.consumed(database=database, clock=ControlledClock())
    }

    assert consumed == {"identity.user.registered", "identity.user.status_changed", "identity.erasure.requested"}
    assert "governance" in spec_of(UserRegistered).consumers
