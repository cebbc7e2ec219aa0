"""Access reviews, grants, revocations and changes of managers in any order, against a model of who decides what and what is left.

The rules run in a Hypothesis thread; their calls run on the test's event loop.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, product
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from chassis.testing.machines import run_machine
from governance import wiring
from governance.domain.access_review import RUNNING_MAX
from governance.domain.errors import LineDecided, OwnManager, ReviewClosed, TooManyReviews, UnknownLine
from governance.domain.limits import Limits
from governance.infrastructure.report_signer import Ed25519ReportSigner
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError, InvalidValue, NotFound
from kernel.ids import new_id
from services.governance.tests.fakes.decisions import FakeDecisions
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.ground import Ground
from services.governance.tests.registry import ADMIN, SERVICE, wired
from services.governance.tests.stored import assigned, join, rows

PEOPLE, ROLES = range(4), range(2)
HELD = tuple(product(PEOPLE, ROLES))
# Lines of a review by person and role, and whether each is kept.
DECISIONS = st.dictionaries(st.sampled_from(HELD), st.booleans(), min_size=1, max_size=3)
# The manager of the first line, the administrator, or any person.
DECIDER = st.sampled_from(("manager", "manager", "administrator", *PEOPLE))
# The latest review, or one before.
BACK = st.sampled_from((0, 0, 0, 1, 2))


@dataclass
class OnlyAdministrator(FakeDecisions):
    administrator: Actor = ADMIN

    def allows(self, actor: Actor, _permission: str, /) -> bool:
        return actor == self.administrator


@dataclass
class Line:
    person: int
    role: int
    # At the start.
    manager: int | None
    outcome: str = "open"
    decider: int | None = None

    @property
    def is_final(self) -> bool:
        return self.outcome not in {"open", "kept"}


@dataclass
class Review:
    id: UUID
    deadline: datetime
    lines: dict[int, Line]
    status: str = "running"

    def is_decided(self, held: set[tuple[int, int]]) -> bool:
        """Return whether nothing is open, and no manager can disagree with what the administrator kept."""
        return not any(
            (line.outcome == "open" and (line.person, line.role) in held)
            or (line.outcome == "kept" and line.decider is None and line.manager is not None)
            for line in self.lines.values()
        )


@dataclass
class Model:
    """Who has which role, who reports to whom, and what was decided. `revoked` counts revocations by person."""

    held: set[tuple[int, int]] = field(default_factory=set)
    manager: dict[int, int] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    revoked: dict[int, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))

    def above(self, person: int) -> set[int]:
        found: set[int] = set()
        while (manager := self.manager.get(person)) is not None and manager not in found:
            found.add(manager)
            person = manager
        return found

    def has(self, line: Line) -> bool:
        return (line.person, line.role) in self.held

    def manages(self, by: int | None, line: Line) -> bool:
        """Return whether a person was the manager at the start, and is so now."""
        return by is not None and by == line.manager == self.manager.get(line.person)

    def take(self, line: Line, outcome: str) -> bool:
        """Withdraw what a line is about. Return False if the person does not have it."""
        if not self.has(line):
            return False
        line.outcome = outcome
        self.held.remove((line.person, line.role))
        self.revoked[line.person] += 1
        return True


class ReviewMachine(RuleBasedStateMachine):
    ground: ClassVar[Ground]
    numbers: ClassVar[Any] = count()

    @initialize()
    def begin(self) -> None:
        ground = self.ground
        # Another one each time: a person starts a limited number of reviews.
        self.admin = _user(new_id())
        ground.run(assigned(ground.database, self.admin.user_id))
        self.app = wired(ground.database, ground.subjects, ground.clock, decisions=OnlyAdministrator(administrator=self.admin))
        self.model, self.organization = Model(), new_id()
        number = next(self.numbers)
        self.roles = [f"review-{number}-{role}" for role in ROLES]
        self.people = [new_id() for _ in PEOPLE]
        ground.subjects.active |= set(self.people)
        for subject_id in self.people:
            ground.run(join(ground.database, self.organization, subject_id, at=ground.clock.now()))
        for name in self.roles:
            creating = self.app.roles.create_role(
                actor=SERVICE, name=name, title=name, description="", permissions=["audit:view"], includes=()
            )
            ground.run(creating)
        for person, role in HELD:
            self.grant(person, role)
        for person in PEOPLE[1:]:
            self.set_manager(person, person - 1)
        self.start(set())

    # Rules

    @rule(person=st.sampled_from(PEOPLE), role=st.sampled_from(ROLES))
    def grant(self, person: int, role: int) -> None:
        self.model.held.add((person, role))
        granting = self.app.role_assignments.grant_role(
            actor=SERVICE, subject_id=self.people[person], role=self.roles[role], limits=Limits(self.organization)
        )
        self._done(granting, None)

    @rule(person=st.sampled_from(PEOPLE), role=st.sampled_from(ROLES))
    def revoke(self, person: int, role: int) -> None:
        self.model.revoked[person] += (person, role) in self.model.held
        self.model.held.discard((person, role))
        revoking = self.app.role_assignments.revoke_role(actor=SERVICE, subject_id=self.people[person], role=self.roles[role])
        self._done(revoking, None)

    @rule(person=st.sampled_from(PEOPLE), manager=st.none() | st.sampled_from(PEOPLE))
    def set_manager(self, person: int, manager: int | None) -> None:
        refusal = OwnManager if manager is not None and person in {manager, *self.model.above(manager)} else None
        if refusal is None and manager is None:
            self.model.manager.pop(person, None)
        elif refusal is None and manager is not None:
            self.model.manager[person] = manager
        member = self.ground.run(
            self.app.members.get_member(actor=self.admin, organization_id=self.organization, subject_id=self.people[person])
        )
        changing = self.app.members.change_member(
            actor=self.admin,
            organization_id=self.organization,
            subject_id=self.people[person],
            manager_id=None if manager is None else self.people[manager],
            ends_at=None,
            version=member.version,
        )
        self._done(changing, refusal)

    @rule(roles=st.sets(st.sampled_from(ROLES)))
    def start(self, roles: set[int]) -> None:
        listed = {each for each in self.model.held if each[1] in (roles or ROLES)}
        running = [review for review in self.model.reviews if review.status == "running"]
        refusal = InvalidValue if not listed else TooManyReviews if len(running) >= RUNNING_MAX else None
        deadline = self._now + timedelta(days=2)
        starting = self.app.access_reviews.start_access_review(
            actor=self.admin,
            title="Review",
            organization_id=self.organization,
            roles=[self.roles[role] for role in roles],
            reason="test",
            deadline=deadline,
        )
        review = self._done(starting, refusal)
        if review:
            query = "SELECT number, subject_id, role FROM review_lines WHERE review_id = :id"
            found = self.ground.run(rows(self.ground.database, query, id=review.id))
            places = {number: (self.people.index(person), self.roles.index(role)) for number, person, role in found}
            assert sorted(places.values()) == sorted(listed)
            lines = {number: Line(*place, self.model.manager.get(place[0])) for number, place in places.items()}
            self.model.reviews.append(Review(review.id, deadline, lines))

    @precondition(lambda self: self.model.reviews)
    @rule(decider=DECIDER, decisions=DECISIONS, back=BACK)
    def decide(self, decider: str | int, decisions: dict[tuple[int, int], bool], back: int) -> None:
        review = self._review(back)
        numbers = {(line.person, line.role): number for number, line in review.lines.items()}
        kept = sorted(numbers[each] for each, is_kept in decisions.items() if is_kept and each in numbers)
        withdrawn = sorted(numbers[each] for each, is_kept in decisions.items() if not is_kept and each in numbers)
        if not kept and not withdrawn:
            return
        by = self._decider(decider, review.lines[(*kept, *withdrawn)[0]])
        deciding = self.app.access_reviews.decide_review_lines(
            actor=self.admin if by is None else _user(self.people[by]),
            review_id=review.id,
            keep=kept,
            withdraw=withdrawn,
            reason="test",
        )
        refusal = self._refusal(review, by, kept, withdrawn)
        self._done(deciding, refusal)
        if refusal is None:
            for number in (*kept, *withdrawn):
                line = review.lines[number]
                if line.is_final:
                    continue
                if not self.model.has(line):
                    continue
                if number in withdrawn:
                    self.model.take(line, "withdrawn")
                elif line.outcome == "open" or (line.decider is None and self.model.manages(by, line)):
                    line.outcome, line.decider = "kept", by

    @rule(decisions=DECISIONS)
    def decide_by_manager(self, decisions: dict[tuple[int, int], bool]) -> None:
        """The usual case, so that campaigns end with all outcomes."""
        self.decide("manager", decisions, 0)

    @rule(person=st.sampled_from(PEOPLE), role=st.sampled_from(ROLES))
    def grant_again(self, person: int, role: int) -> None:
        """It is another assignment, under the same review."""
        self.revoke(person, role)
        self.grant(person, role)

    @precondition(lambda self: any(line.outcome == "kept" for review in self.model.reviews for line in review.lines.values()))
    @rule(back=BACK)
    def cancel(self, back: int) -> None:
        review = self._review(back)
        refusal = None if review.status == "running" and self._now < review.deadline else ReviewClosed
        cancelling = self.app.access_reviews.cancel_access_review(actor=self.admin, review_id=review.id, reason="test")
        self._done(cancelling, refusal)
        if refusal is None:
            review.status = "cancelled"
            for line in review.lines.values():
                line.outcome = "cancelled" if line.outcome == "open" else line.outcome

    @rule(hours=st.sampled_from((6, 24, 48)))
    def wait(self, hours: int) -> None:
        self.ground.clock.advance(seconds=hours * 3600)

    @rule(is_late=st.booleans())
    def close(self, is_late: bool) -> None:
        if is_late:
            self.ground.clock.advance(days=2)
        self.ground.run(
            wiring.ask_reviewers(database=self.ground.database.under(PLATFORM), clock=self.ground.clock)(actor=SERVICE)
        )
        signer = Ed25519ReportSigner.of(bytes(32))
        database = self.ground.database.under(PLATFORM)
        job = wiring.close_access_reviews(database=database, signer=signer, clock=self.ground.clock)
        self.ground.run(job(actor=SERVICE))
        for review in self.model.reviews:
            if review.status == "running" and (self._now >= review.deadline or review.is_decided(self.model.held)):
                review.status = "completed"
                for line in review.lines.values():
                    if line.outcome == "open" and not self.model.take(line, "unconfirmed"):
                        line.outcome = "ended"

    # What holds after each step

    @invariant()
    def lines_and_roles_are_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        for review in self.model.reviews:
            query = """
                SELECT status, (SELECT json_object_agg(number, outcome) FROM review_lines WHERE review_id = r.id),
                    statement::json -> 'counts' ->> 'unconfirmed' FROM access_reviews r WHERE id = :id
            """
            ((status, outcomes, unconfirmed),) = self.ground.run(rows(self.ground.database, query, id=review.id))
            assert (status, outcomes) == (review.status, {str(number): line.outcome for number, line in review.lines.items()})
            if status == "completed":
                assert int(unconfirmed) == list(outcomes.values()).count("unconfirmed")
        query = "SELECT subject_id, role FROM limited_assignments WHERE organization_id = :id"
        held = self.ground.run(rows(self.ground.database, query, id=self.organization))
        assert {(self.people.index(person), self.roles.index(role)) for person, role in held} == self.model.held

    @invariant()
    def each_revocation_is_one_version(self) -> None:
        """A grant and a revocation raise the version by one each, so nothing is withdrawn twice or without an event."""
        if not hasattr(self, "model"):
            return
        query = "SELECT subject_id, version FROM limited_holders WHERE subject_id = ANY(:people)"
        versions = dict(self.ground.run(rows(self.ground.database, query, people=self.people)))
        for person, subject_id in enumerate(self.people):
            held = sum(1 for each in self.model.held if each[0] == person)
            assert versions.get(subject_id, 0) == held + 2 * self.model.revoked[person]

    # Steps

    def _review(self, back: int) -> Review:
        return self.model.reviews[max(-1 - back, -len(self.model.reviews))]

    def _decider(self, decider: str | int, line: Line) -> int | None:
        """Return a person, or None for the administrator."""
        if decider == "manager":
            return self.model.manager.get(line.person)
        return decider if isinstance(decider, int) else None

    def _refusal(self, review: Review, by: int | None, kept: list[int], withdrawn: list[int]) -> type[DomainError] | None:
        asked = [review.lines[number] for number in (*kept, *withdrawn)]
        if by is not None and not all(self.model.manages(by, line) for line in asked):
            concerned = any(self.model.manages(by, line) or line.decider == by for line in review.lines.values())
            return UnknownLine if concerned else NotFound
        if review.status != "running" or self._now >= review.deadline:
            return ReviewClosed
        is_again = any(review.lines[number].is_final for number in kept)
        is_lost = any(review.lines[number].outcome in {"unconfirmed", "cancelled"} for number in withdrawn)
        return LineDecided if is_again or is_lost else None

    @property
    def _now(self) -> datetime:
        return self.ground.clock.now()

    def _done(self, work: Coroutine[Any, Any, Any], refusal: type[DomainError] | None) -> Any:
        """Run a change that must be refused with this error, or succeed. Return what it returns, None if it is refused."""
        try:
            result = self.ground.run(work)
        except DomainError as error:
            assert type(error) is refusal, error  # noqa: PT017  # the error is expected by the model
            return None
        assert refusal is None
        return result


def _user(person: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(person))


async def test_reviews_end_as_the_model_says_after_any_changes(database: Database, clock: ControlledClock) -> None:
    subjects = FakeSubjects()
    await wired(database, subjects, clock).policy_bundles.ensure_bundle(actor=SERVICE)
    ReviewMachine.ground = Ground(database, clock, asyncio.get_running_loop(), subjects)
    await asyncio.to_thread(run_machine, ReviewMachine, examples=10, steps=25)
