"""Acknowledging the erasure of a user."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from chassis.messaging.contracts import Subscription, spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.governance.v1.events_pb2 import ErasureAcknowledged, LimitedRolesChanged, MembershipEnded, SubjectRolesChanged
from elcorp.identity.v1.events_pb2 import ErasureRequested, UserRegistered
from governance import wiring
from governance.application import Governance
from governance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from governance.domain.limits import Limits
from governance.domain.separation import SeparatedDuties
from kernel.actor import Actor
from kernel.erasures import ErasureRequest
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import join, organized, published, rows, sent

SERVICE = Actor.service("governance")
REVIEWED = text(
    """
    WITH review AS (
        INSERT INTO access_reviews
            (id, title, roles, reason, deadline, started_by, started_at, administrators, line_count, status)
        VALUES (:review, 'First quarter', '{}', 'test', now() + interval '10 days', 'cora', :at, '{}', 1, 'running')
    ) INSERT INTO review_lines (review_id, number, assignment_id, subject_id, role, granted_by, granted_at, managers, outcome)
    VALUES (:review, 1, gen_random_uuid(), :user, 'staff', 'cora', :at, '{}', 'open')
    """
)
DECIDED = text(
    "UPDATE review_lines SET outcome = 'kept', decided_by = 'bert', decided_at = now(), capacity = 'manager', reason = 'is ill'"
)


@pytest.fixture
def subjects() -> FakeSubjects:
    return FakeSubjects()


@pytest.fixture
def app(database: Database, subjects: FakeSubjects, clock: ControlledClock) -> Governance:
    return wired(database, subjects, clock)


@pytest.fixture
def acknowledge(app: Governance) -> AcknowledgeErasure:
    return app.erasures.acknowledge_erasure


def requested(erasure_id: UUID, user_id: UUID) -> ErasureRequest:
    return ErasureRequest(erasure_id=erasure_id, user_id=user_id, requested_at=datetime(2026, 3, 21, tzinfo=UTC))


async def test_all_roles_are_revoked_and_the_erasure_is_acknowledged(
    app: Governance, acknowledge: AcknowledgeErasure, database: Database
) -> None:
    user, erasure = new_id(), new_id()
    await app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=user)
    for _ in range(2):
        await acknowledge(actor=SERVICE, request=requested(erasure, user))
    assert (await app.role_assignments.get_effective_roles(subject_id=user)).roles == ()
    acknowledged = ErasureAcknowledged(erasure_id=str(erasure), user_id=str(user), kept=[])
    assert await sent(database, ErasureAcknowledged) == [acknowledged] * 2
    assert list((await sent(database, SubjectRolesChanged))[-1].roles) == []


async def test_the_memberships_of_an_erased_person_end(
    database: Database, subjects: FakeSubjects, clock: ControlledClock
) -> None:
    acting_for_all = database.under(PLATFORM)
    acknowledge = wired(acting_for_all, subjects, clock).erasures.acknowledge_erasure
    user, colleague, organizations = new_id(), new_id(), sorted((new_id(), new_id()), key=str)
    for organization in organizations:
        await join(database, organization, user, at=clock.now())
        await join(database, organization, colleague, at=clock.now())
    for _ in range(2):
        await acknowledge(actor=SERVICE, request=requested(new_id(), user))

    ended = [MembershipEnded(subject_id=str(user), organization_id=str(organization)) for organization in organizations]
    assert await sent(database, MembershipEnded) == ended
    assert await rows(acting_for_all, "SELECT subject_id FROM memberships") == [(colleague,)] * 2
    facts = [fact for recorded in await sent(database, compliance.AuditFactsRecorded) for fact in recorded.facts]
    ends = [fact for fact in facts if fact.action == "governance.membership.end"]
    assert [(fact.resource_id, fact.reason, list(fact.related_ids)) for fact in ends] == [
        (str(organization), "erased", [str(user)]) for organization in organizations
    ]


async def test_limited_roles_and_exceptions_of_an_erased_person_end(
    app: Governance, subjects: FakeSubjects, acknowledge: AcknowledgeErasure, database: Database, clock: ControlledClock
) -> None:
    user, end = new_id(), clock.now().replace(year=2027)
    subjects.active.add(user)
    duties = SeparatedDuties(first="payment:create", second="payment:approve", exempt_roles=("admin",))
    await app.separations.set_separation(actor=SERVICE, name="pay", duties=duties, version=None, reason="test")
    asked = await app.separation_exceptions.ask_separation_exception(
        actor=SERVICE, separation="pay", subject_id=user, expires_at=end, reason="leave"
    )
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=user, role="user", limits=Limits(ends_at=end))
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=user, role="admin", limits=Limits(await organized(database)))
    for _ in range(2):
        await acknowledge(actor=SERVICE, request=requested(new_id(), user))

    assert [len(event.roles) for event in await sent(database, LimitedRolesChanged)] == [1, 2, 1, 0]
    assert await rows(database, "SELECT FROM limited_assignments") == []
    query = "SELECT id, ended_by FROM separation_exceptions WHERE ended_at IS NOT NULL"
    assert await rows(database, query) == [(asked.id, "governance")]


async def test_each_revoked_role_has_its_own_fact(
    app: Governance, subjects: FakeSubjects, acknowledge: AcknowledgeErasure, database: Database, clock: ControlledClock
) -> None:
    """This includes the last administrator: identity asked before it closed the user account."""
    user, erasure = new_id(), new_id()
    subjects.active.add(user)
    await app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=user)
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=user, role="admin")
    before = len(await published(database))
    clock.advance(seconds=60)
    await acknowledge(actor=SERVICE, request=requested(erasure, user))

    at = Timestamp()
    at.FromDatetime(clock.now())
    actor = compliance.AuditActor(kind="service", subject_id="governance", request_id=SERVICE.request_id)

    def revoked(role: str, held: str, left: str) -> compliance.AuditFact:
        return compliance.AuditFact(
            producer="governance",
            action="governance.role.revoke",
            actor=actor,
            resource_type="role_assignment",
            resource_id=str(user),
            occurred_at=at,
            before=held,
            after=left,
            reason="erased",
            related_ids=[str(user), f"role:{role}"],
        )

    told = compliance.AuditFact(
        producer="governance",
        action="governance.erasure.acknowledge",
        actor=actor,
        resource_type="erasure",
        resource_id=str(erasure),
        occurred_at=at,
        after='{"kept":[]}',
        related_ids=[str(user)],
    )
    facts = [
        revoked("admin", '{"roles":["admin","user"]}', '{"roles":["user"]}'),
        revoked("user", '{"roles":["user"]}', '{"roles":[]}'),
        told,
    ]
    assert await published(database, but_first=before) == [
        (str(user), SubjectRolesChanged(subject_id=str(user), roles=["user"], version=6)),
        (str(user), SubjectRolesChanged(subject_id=str(user), roles=[], version=7)),
        (str(user), ErasureAcknowledged(erasure_id=str(erasure), user_id=str(user))),
        (None, compliance.AuditFactsRecorded(facts=facts)),
    ]


async def test_the_erasure_of_an_unknown_subject_is_acknowledged(acknowledge: AcknowledgeErasure, database: Database) -> None:
    await acknowledge(actor=SERVICE, request=requested(new_id(), new_id()))
    assert len(await sent(database, ErasureAcknowledged)) == 1


async def test_subscriptions_pass_on_the_subject_role_and_erasure(
    app: Governance, database: Database, clock: ControlledClock
) -> None:
    """The worker's subscriptions pass on the subject, the role and the erasure of each message."""
    consumed = wiring.consumed(database=database, clock=clock)
    handlers = {each.message_class: each.handler for each in consumed if isinstance(each, Subscription)}

    async def deliver(message: Any) -> None:
        spec = spec_of(type(message))
        delivery = Delivery(message_id=new_id(), type=spec.type, producer=spec.context, occurred_at=clock.now(), message=message)
        await handlers[type(message)](delivery)

    usual, named, gone, erasure = new_id(), new_id(), new_id(), new_id()
    address = str(new_id())
    await deliver(UserRegistered(user_id=str(usual), wallet_address=address))
    await deliver(UserRegistered(user_id=str(named), wallet_address=address, initial_role="staff"))
    await deliver(UserRegistered(user_id=str(gone), wallet_address=address, initial_role="user"))
    await deliver(ErasureRequested(erasure_id=str(erasure), user_id=str(gone)))

    views = [await app.role_assignments.get_effective_roles(subject_id=subject) for subject in (usual, named, gone)]
    assert [view.roles for view in views] == [("user",), ("staff",), ()]
    (given,) = views[1].assignments
    assert (given.granted_by, given.granted_at, given.reason) == ("governance", clock.now(), None)
    assert await sent(database, ErasureAcknowledged) == [ErasureAcknowledged(erasure_id=str(erasure), user_id=str(gone), kept=[])]


async def test_texts_of_access_reviews_about_an_erased_person_are_deleted(
    acknowledge: AcknowledgeErasure, database: Database
) -> None:
    user, review = new_id(), new_id()
    async with database.session() as session, session.begin():
        await session.execute(REVIEWED, {"review": review, "user": user, "at": datetime(2026, 3, 1, tzinfo=UTC)})
        await session.execute(DECIDED)
    for _ in range(2):
        await acknowledge(actor=SERVICE, request=requested(new_id(), user))
    assert await rows(database, "SELECT subject_id, outcome, reason FROM review_lines") == [(user, "kept", None)]
