"""Governance's use cases on a real database with a fake identity, and queries for tests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, Self
from uuid import UUID

import pytest
from google.protobuf.message import Message
from sqlalchemy import select

from chassis.business_time.namibia import namibian_special_days
from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import unchanged
from elcorp.compliance.v1 import events_pb2 as compliance
from governance import wiring
from governance.application import Governance
from governance.application.policy_bundles.audit import bundle_published
from governance.application.ports.decisions import Decisions
from governance.application.ports.invitations import InvitationMails
from governance.application.ports.policy_bundles import PolicyChecker
from governance.application.ports.recorded_decisions import RecordedDecisions
from governance.domain.events import PolicyBundlePublished
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role_holder import RoleHolder
from governance.infrastructure.contract_vocabulary import contract_vocabulary
from governance.infrastructure.decision_point import EngineDecisionPoint
from governance.infrastructure.policy_checker import CedarChecker
from governance.infrastructure.policy_lab import EnginePolicyLab
from governance.infrastructure.sql.policy_bundles import policy_bundles
from governance.interfaces.publications import PUBLICATIONS
from kernel.actor import Actor, ActorKind
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import DomainError
from kernel.events import Event
from kernel.ids import new_id
from services.governance.tests.fakes.decisions import FakeDecisions
from services.governance.tests.fakes.mails import FakeMails
from services.governance.tests.fakes.policy_checker import FakeChecker
from services.governance.tests.fakes.recorded_decisions import FakeRecordedDecisions
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.stored import assigned, published, rows

ADMIN: Final = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"admin"}))
SERVICE: Final = Actor.service("governance")


class Announced(NamedTuple):
    """An event's time and its message."""

    at: str
    message: Message


def wired(
    database: Database,
    subjects: FakeSubjects,
    clock: Clock,
    checker: PolicyChecker | None = None,
    *,
    decisions: Decisions | None = None,
    mails: InvitationMails | None = None,
    recorded: RecordedDecisions | None = None,
) -> Governance:
    return wiring.use_cases(
        database=database,
        subjects=subjects,
        checker=checker or CedarChecker(),
        lab=EnginePolicyLab(contract_vocabulary(), namibian_special_days({}), clock),
        recorded=recorded or FakeRecordedDecisions(),
        decisions=decisions or FakeDecisions(),
        decision_point=EngineDecisionPoint(
            decisions if isinstance(decisions, Policies) else Policies(clock), contract_vocabulary(), clock
        ),
        mails=mails or FakeMails(),
        clock=clock,
    )


@dataclass
class Registry:
    """The use cases and their dependencies. At first, ADMIN has the role `admin`, and nothing else has happened."""

    database: Database
    clock: ControlledClock
    subjects: FakeSubjects
    app: Governance
    checker: FakeChecker

    @classmethod
    async def open(cls, database: Database, clock: ControlledClock) -> Self:
        subjects, checker = FakeSubjects(), FakeChecker()
        await assigned(database, ADMIN.user_id)
        return cls(database, clock, subjects, wired(database, subjects, clock, checker), checker)

    def subject(self) -> UUID:
        """Create a subject that is active in identity."""
        subject_id = new_id()
        self.subjects.active.add(subject_id)
        return subject_id

    async def roles(self, subject_id: UUID) -> tuple[str, ...]:
        return (await self.app.role_assignments.get_effective_roles(subject_id=subject_id)).roles

    async def holder(self, subject_id: UUID) -> RoleHolder:
        async with wiring.unit_of_work(database=self.database).begin(SERVICE) as tx:
            holder = await tx.holders.lock(subject_id)
        assert holder is not None
        return holder

    async def bundles(self) -> Sequence[PolicyBundle]:
        """Return every bundle, oldest first."""
        async with self.database.session() as session:
            return (await session.scalars(select(PolicyBundle).order_by(policy_bundles.c.version))).all()

    async def publish(self, compiled: CompiledPolicies) -> PolicyBundle:
        """Publish a bundle that this release would not compile."""
        async with wiring.unit_of_work(database=self.database).begin(SERVICE) as tx:
            latest = await tx.bundles.lock_latest()
            bundle = PolicyBundle.publish(compiled, previous=latest, by=SERVICE.subject_id, at=self.clock.now())
            assert bundle
            tx.bundles.add(bundle)
            tx.record(bundle_published(bundle, latest))
        return bundle

    async def facts(self) -> list[compliance.AuditFact]:
        """Return the recorded audit facts, without their ids and digests."""
        messages = [message for _, message in await published(self.database)]
        return [fact for message in messages if isinstance(message, compliance.AuditFactsRecorded) for fact in message.facts]

    async def events(self) -> list[Announced]:
        """Return all announced events, in order."""
        query = "SELECT type, payload, headers ->> 'cloudEvents:time' FROM outbox WHERE type <> :audit ORDER BY position"
        found = await rows(self.database, query, audit=spec_of(compliance.AuditFactsRecorded).type)
        return [Announced(at, _message(type_, payload)) for type_, payload, at in found]

    @asynccontextmanager
    async def refuses(self, refusal: type[DomainError]) -> AsyncIterator["pytest.ExceptionInfo[DomainError]"]:
        """Expect an error that changes no row."""
        async with unchanged(self.database):
            with pytest.raises(refusal) as refused:
                yield refused


def recorded(fact: AuditFact, actor: Actor) -> compliance.AuditFact:
    """Return the expected fact, without its id and its digest."""
    (encoded,) = compliance.AuditFactsRecorded.FromString(PUBLICATIONS.audit([(fact, actor)]).payload).facts
    encoded.ClearField("fact_id")
    encoded.ClearField("digest")
    return encoded


def announced(event: Event) -> Announced:
    """Return the expected event."""
    encoded = PUBLICATIONS.encode(event)
    return Announced(event.occurred_at.isoformat(), _message(encoded.type, encoded.payload))


def _message(type_: str, payload: bytes) -> Message:
    (message_class,) = [spec.message_class for spec in PUBLICATIONS.specs if spec.type == type_]
    message: Message = message_class.FromString(bytes(payload))
    return message


def bundle_event(bundle: PolicyBundle) -> Announced:
    return announced(PolicyBundlePublished(occurred_at=bundle.published_at, bundle_id=bundle.id, version=bundle.version))


def bundle_fact(bundle: PolicyBundle, previous: PolicyBundle | None, actor: Actor) -> compliance.AuditFact:
    fact = AuditFact(
        action="governance.bundle.publish",
        resource_type="policy_bundle",
        resource_id=str(bundle.id),
        occurred_at=bundle.published_at,
        before={"version": previous.version, "digest": previous.digest} if previous else None,
        after={"version": bundle.version, "digest": bundle.digest},
    )
    return recorded(fact, actor)
