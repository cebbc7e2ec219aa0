"""Tests that need a real database: locks, races, privileges and seed rows."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.messaging.contracts import Subscription
from chassis.persistence.database import Database
from chassis.persistence.delivery import AlreadyHandled, Delivery, current_delivery
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.governance.v1.events_pb2 import PolicyBundlePublished, SubjectRolesChanged
from elcorp.identity.v1.events_pb2 import UserRegistered
from governance import wiring
from governance.application import Governance
from governance.domain.approval_rule import ApprovalTerms
from kernel.actor import Actor, ActorKind
from kernel.errors import AlreadyExists, StaleVersion
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import assigned, rows, sent

ADMIN = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"admin"}), ip="197.243.0.1")
SERVICE = Actor.service("governance")


@pytest.fixture
def subjects() -> FakeSubjects:
    return FakeSubjects()


@pytest.fixture
async def app(database: Database, subjects: FakeSubjects, clock: ControlledClock) -> Governance:
    await assigned(database, ADMIN.user_id)
    return wired(database, subjects, clock)


def known(subjects: FakeSubjects) -> UUID:
    subject_id = new_id()
    subjects.active.add(subject_id)
    return subject_id


async def test_state_event_and_fact_are_committed_together(app: Governance, subjects: FakeSubjects, database: Database) -> None:
    subject = known(subjects)

    await app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    [changed] = await sent(database, SubjectRolesChanged)
    assert (changed.subject_id, list(changed.roles)) == (str(subject), ["staff"])
    [recorded] = await sent(database, AuditFactsRecorded)
    assert recorded.facts[0].action == "governance.role.grant"
    assert (recorded.facts[0].actor.subject_id, recorded.facts[0].actor.ip) == (ADMIN.subject_id, "197.243.0.1")
    assert recorded.facts[0].after == '{"roles":["staff"]}'


async def test_a_subject_registered_concurrently_is_registered_once(
    app: Governance, subjects: FakeSubjects, database: Database
) -> None:
    subject = known(subjects)

    await asyncio.gather(
        app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject),
        *(app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role=role) for role in ("staff", "guest", "staff")),
        app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject),
    )

    assert (await app.role_assignments.get_effective_roles(subject_id=subject)).roles == ("guest", "staff", "user")
    events = await sent(database, SubjectRolesChanged)
    assert sorted(len(event.roles) for event in events) == [1, 2, 3]


async def test_processes_that_start_together_publish_one_bundle(app: Governance, database: Database) -> None:
    await asyncio.gather(*(app.policy_bundles.ensure_bundle(actor=SERVICE) for _ in range(4)))

    assert await rows(database, "SELECT version FROM policy_bundles") == [(1,)]
    assert len(await sent(database, PolicyBundlePublished)) == 1


async def test_of_two_changes_to_the_same_version_of_a_role_one_is_refused(app: Governance) -> None:
    outcomes = await asyncio.gather(
        app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1),
        app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["audit:view"], version=1),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, StaleVersion) for outcome in outcomes) == 1


async def test_concurrently_published_bundles_lose_no_change(app: Governance) -> None:
    await asyncio.gather(
        app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1),
        app.roles.set_role_permissions(actor=ADMIN, role_name="user", permissions=["user:read"], version=1),
        app.policy_bundles.ensure_bundle(actor=SERVICE),
    )

    text_in_force = await app.policy_bundles.get_bundle()
    assert text_in_force
    policies = text_in_force.policies
    assert 'Role::"guest", action in [Action::"user:read"]' in policies
    assert 'Role::"user", action in [Action::"user:read"]' in policies


async def test_a_registration_delivered_twice_has_one_effect(app: Governance, database: Database) -> None:
    subject = new_id()
    subscription, *_ = wiring.consumed(database=database, clock=ControlledClock())
    assert isinstance(subscription, Subscription)
    delivery = Delivery(
        message_id=new_id(),
        type="identity.user.registered",
        producer="identity",
        occurred_at=ControlledClock().now(),
        message=UserRegistered(user_id=str(subject), wallet_address=str(new_id()), initial_role="user"),
    )
    token = current_delivery.set(delivery)
    try:
        await subscription.handler(delivery)
        with pytest.raises(AlreadyHandled):
            await subscription.handler(replace(delivery, redelivered=True))
    finally:
        current_delivery.reset(token)

    assert (await app.role_assignments.get_effective_roles(subject_id=subject)).roles == ("user",)
    assert len(await sent(database, AuditFactsRecorded)) == 1


@pytest.mark.parametrize("statement", ["UPDATE policy_bundles SET policies = ''", "DELETE FROM policy_bundles"])
async def test_a_published_bundle_cannot_be_changed(
    app: Governance, database: Database, urls: DatabaseUrls, statement: str
) -> None:
    await app.policy_bundles.ensure_bundle(actor=SERVICE)

    async with database.session() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(statement))
    async with await psycopg.AsyncConnection.connect(urls.owner) as owner:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            await owner.execute(statement)


async def test_there_is_one_default_role(urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.app) as connection:
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute("UPDATE roles SET is_default = true")


def terms(threshold: int) -> ApprovalTerms:
    return ApprovalTerms(currency="NAD", threshold=Decimal(threshold))


async def test_a_rule_created_concurrently_is_created_once(app: Governance, database: Database) -> None:
    async def make(threshold: int) -> object:
        return await app.approval_rules.set_approval_rule(
            actor=ADMIN, name="large", terms=terms(threshold), version=None, reason="test"
        )

    outcomes = await asyncio.gather(*(make(threshold) for threshold in range(5)), return_exceptions=True)

    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 4
    assert len(await sent(database, PolicyBundlePublished)) == 1
    assert await rows(database, "SELECT version FROM approval_rules") == [(1,)]


async def test_the_last_bundle_contains_all_concurrent_changes_of_rules_and_roles(app: Governance) -> None:
    guest = await app.roles.get_role(name="guest")

    await asyncio.gather(
        app.approval_rules.set_approval_rule(actor=ADMIN, name="large", terms=terms(1), version=None, reason="test"),
        app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=guest.version),
        app.approval_rules.set_approval_rule(actor=ADMIN, name="larger", terms=terms(2), version=None, reason="test"),
    )

    bundle = await app.policy_bundles.get_bundle()
    assert bundle is not None
    assert bundle.bundle.version == 3
    assert all(f'@id("{name}")' in bundle.policies for name in ("approval:large", "approval:larger", "role:guest"))
