"""Assignments, expiry, hierarchy, retirement and separation of duties in any order, against a model of who may do what.

The rules run in a Hypothesis thread; their calls run on the test's event loop. After each step, what governance explains and what
the policy engine of a service decides, by its token's roles and its copy of limited roles, are what the model says.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, count
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.persistence.database import Database
from chassis.policies import BundleRefresher, Policies, Resource
from chassis.testing.clocks import ControlledClock
from chassis.testing.machines import run_machine
from governance import wiring
from governance.domain.errors import DutiesNotSeparated, InclusionCycle, RetiredRole
from governance.domain.limits import Limits
from governance.domain.separation import SeparatedDuties
from governance.infrastructure.local_bundles import LocalBundles, LocalLimitedRoles
from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.ground import Ground
from services.governance.tests.registry import SERVICE, wired
from services.governance.tests.stored import organized, rows

PERMISSIONS = ("audit:view", "report:generate", "audit:export")
APART = {"audit:view", "report:generate"}
ROLES, SUBJECTS, PLACES = range(4), range(2), range(2)
WHERE = st.none() | st.sampled_from(PLACES)
# From when until when, in hours from now.
PERIODS = ((None, None), (None, None), (None, 2), (1, None), (1, 3), (-1, 1))


class Held(NamedTuple):
    role: int
    place: int | None
    starts_at: datetime | None
    ends_at: datetime | None

    def holds_at(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)

    def meets(self, other: "Held") -> bool:
        """Return whether both are in force somewhere at some time."""
        here = self.place is None or other.place is None or self.place == other.place
        begins = max((each.starts_at for each in (self, other) if each.starts_at), default=None)
        ends = min((each.ends_at for each in (self, other) if each.ends_at), default=None)
        return here and (begins is None or ends is None or begins < ends)


@dataclass
class Model:
    """Who holds what, and what roles are."""

    permissions: dict[int, set[str]] = field(default_factory=lambda: {role: set() for role in ROLES})
    includes: dict[int, set[int]] = field(default_factory=lambda: {role: set() for role in ROLES})
    retired: set[int] = field(default_factory=set)
    held: dict[int, set[Held]] = field(default_factory=lambda: {subject: set() for subject in SUBJECTS})

    def reached(self, role: int) -> set[int]:
        if role in self.retired:
            return set()
        found, waiting = {role}, [role]
        while waiting:
            for included in self.includes[waiting.pop()] - self.retired - found:
                found.add(included)
                waiting.append(included)
        return found

    def permitted(self, role: int) -> set[str]:
        return {permission for reached in self.reached(role) for permission in self.permissions[reached]}

    def has_cycle(self) -> bool:
        return any(role in self._below(included, set()) for role in ROLES for included in self.includes[role])

    def _below(self, role: int, seen: set[int]) -> set[int]:
        if role not in seen:
            seen.add(role)
            for included in self.includes[role]:
                self._below(included, seen)
        return seen

    def joins_duties(self, at: datetime) -> bool:
        """Return whether a role, or a person by several, permits both separated duties now or later."""
        if any(self.permitted(role) >= APART for role in ROLES):
            return True
        current = [[one for one in held if one.ends_at is None or one.ends_at > at] for held in self.held.values()]
        return any(
            self.permitted(first.role) | self.permitted(second.role) >= APART
            and APART & self.permitted(first.role)
            and APART & self.permitted(second.role)
            and first.meets(second)
            for held in current
            for first, second in combinations(held, 2)
        )

    def allows(self, subject: int, permission: str, place: int | None, at: datetime) -> bool:
        return any(
            permission in self.permitted(held.role) and held.holds_at(at) and held.place in {None, place}
            for held in self.held[subject]
        )


class AccessMachine(RuleBasedStateMachine):
    ground: ClassVar[Ground]
    numbers: ClassVar[Any] = count()

    @initialize()
    def begin(self) -> None:
        ground = self.ground
        self.app = wired(ground.database, ground.subjects, ground.clock)
        self.policies = Policies(ground.clock)
        self.refresher = BundleRefresher(
            LocalBundles(SqlPolicyBundleViews(ground.database)),
            self.policies,
            limited_roles=LocalLimitedRoles(SqlLimitedRoleViews(ground.database)),
        )
        self.model = Model()
        number = next(self.numbers)
        self.names = [f"role-{number}-{role}" for role in ROLES]
        self.people = [new_id() for _ in SUBJECTS]
        self.places = [ground.run(organized(ground.database)) for _ in PLACES]
        ground.subjects.active |= set(self.people)
        for role, name in enumerate(self.names):
            # One permission each, so that assignments and inclusions soon meet.
            permissions = set(PERMISSIONS[role : role + 1])
            self.model.permissions[role] = permissions
            creating = self.app.roles.create_role(
                actor=SERVICE, name=name, title=name, description="", permissions=permissions, includes=()
            )
            ground.run(creating)

    # Rules

    @rule(subject=st.sampled_from(SUBJECTS), role=st.sampled_from(ROLES), place=WHERE, period=st.sampled_from(PERIODS))
    def grant(self, subject: int, role: int, place: int | None, period: tuple[int | None, int | None]) -> None:
        self._grant(subject, Held(role, place, *map(self._at, period)))

    @rule(subject=st.sampled_from(SUBJECTS), first=st.sampled_from(ROLES), second=st.sampled_from(ROLES), place=WHERE)
    def grant_two(self, subject: int, first: int, second: int, place: int | None) -> None:
        """Often, the two would join both duties."""
        self._grant(subject, Held(first, None, None, None))
        self._grant(subject, Held(second, place, None, None))

    @rule(subject=st.sampled_from(SUBJECTS), role=st.sampled_from(ROLES))
    def revoke(self, subject: int, role: int) -> None:
        self.model.held[subject] = {held for held in self.model.held[subject] if held.role != role}
        revoking = self.app.role_assignments.revoke_role(actor=SERVICE, subject_id=self.people[subject], role=self.names[role])
        assert self._done(revoking, None)

    @rule(role=st.sampled_from(ROLES), permissions=st.sets(st.sampled_from(PERMISSIONS)))
    def set_permissions(self, role: int, permissions: set[str]) -> None:
        before = self.model.permissions[role]
        self.model.permissions[role] = permissions
        refusal = RetiredRole if role in self.model.retired else self._refusal(permissions == before)
        changing = self.app.roles.set_role_permissions(
            actor=SERVICE, role_name=self.names[role], permissions=permissions, version=self._version(role)
        )
        if not self._done(changing, refusal):
            self.model.permissions[role] = before

    @rule(role=st.sampled_from(ROLES), included=st.sets(st.sampled_from(ROLES), max_size=2))
    def set_included(self, role: int, included: set[int]) -> None:
        before = self.model.includes[role]
        self.model.includes[role] = included
        if ({role} | included) & self.model.retired:
            refusal: type[DomainError] | None = RetiredRole
        elif self.model.has_cycle():
            refusal = InclusionCycle
        else:
            refusal = self._refusal(included == before)
        changing = self.app.roles.set_included_roles(
            actor=SERVICE,
            role_name=self.names[role],
            roles=[self.names[each] for each in included],
            version=self._version(role),
        )
        if not self._done(changing, refusal):
            self.model.includes[role] = before

    @precondition(lambda self: not self.model.retired)
    @rule(role=st.sampled_from(ROLES[1:3]))
    def retire(self, role: int) -> None:
        self.model.retired.add(role)
        retiring = self.app.roles.retire_role(actor=SERVICE, role_name=self.names[role], version=None, reason="closed")
        assert self._done(retiring, None)

    @rule(hours=st.integers(min_value=1, max_value=3))
    def wait(self, hours: int) -> None:
        self.ground.clock.advance(seconds=hours * 3600)

    @rule()
    def end_limited_roles(self) -> None:
        job = wiring.end_limited_roles(database=self.ground.database, clock=self.ground.clock)
        self.ground.run(job(actor=SERVICE))
        for subject, held in self.model.held.items():
            self.model.held[subject] = {each for each in held if each.ends_at is None or each.ends_at > self._now}

    # What holds after each step

    @invariant()
    def what_is_explained_and_decided_is_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.ground.run(self.refresher.refresh())
        for subject, person in enumerate(self.people):
            access = self.ground.run(self._access(person))
            roles = frozenset(self.ground.run(self.app.role_assignments.get_effective_roles(subject_id=person)).roles)
            actor = Actor(kind=ActorKind.USER, subject_id=str(person), roles=roles)
            for permission, place in self._questions():
                expected = self.model.allows(subject, permission, place, self._now)
                organization = None if place is None else self.places[place]
                paths = [path for each in access.permissions if each.permission == permission for path in each.paths]
                assert any(path.is_in_force(self._now, organization_id=organization) for path in paths) is expected
                resource = Resource("thing", "7", {"organization": str(organization)}) if organization else None
                assert self.policies.allows(actor, permission, resource) is expected

    @invariant()
    def nobody_has_both_duties(self) -> None:
        found = self.ground.run(rows(self.ground.database, "SELECT * FROM duty_conflicts WHERE first_role LIKE 'role-%'"))
        assert found == []

    # Steps

    def _grant(self, subject: int, held: Held) -> None:
        before = set(self.model.held[subject])
        self.model.held[subject].add(held)
        refusal = RetiredRole if held.role in self.model.retired else self._refusal(held in before)
        limits = Limits(None if held.place is None else self.places[held.place], held.starts_at, held.ends_at)
        granting = self.app.role_assignments.grant_role(
            actor=SERVICE, subject_id=self.people[subject], role=self.names[held.role], limits=limits
        )
        if not self._done(granting, refusal):
            self.model.held[subject] = before

    async def _access(self, person: UUID) -> Any:
        return await self.app.access.get_user_access(actor=_auditor(person), subject_id=person)

    def _questions(self) -> Iterator[tuple[str, int | None]]:
        for permission in PERMISSIONS:
            for place in (None, *PLACES):
                yield permission, place

    @property
    def _now(self) -> datetime:
        return self.ground.clock.now()

    def _at(self, hours: int | None) -> datetime | None:
        return None if hours is None else self._now + timedelta(hours=hours)

    def _version(self, role: int) -> int:
        return int(self.ground.run(self.app.roles.get_role(name=self.names[role])).version)

    def _refusal(self, changes_nothing: bool) -> type[DomainError] | None:
        return DutiesNotSeparated if not changes_nothing and self.model.joins_duties(self._now) else None

    def _done(self, work: Coroutine[Any, Any, Any], refusal: type[DomainError] | None) -> bool:
        """Run a change that must be refused with this error, or succeed."""
        try:
            self.ground.run(work)
        except DomainError as error:
            assert type(error) is refusal, error  # noqa: PT017  # the error is expected by the model
            return False
        assert refusal is None
        return True


def _auditor(person: UUID) -> Actor:
    # The person reads their own access, which is not recorded.
    return Actor(kind=ActorKind.USER, subject_id=str(person))


async def test_access_is_what_the_model_says_after_any_changes(database: Database, clock: ControlledClock) -> None:
    subjects = FakeSubjects()
    app = wired(database, subjects, clock)
    await app.policy_bundles.ensure_bundle(actor=SERVICE)
    duties = SeparatedDuties(first="audit:view", second="report:generate", exempt_roles=("admin",))
    await app.separations.set_separation(actor=SERVICE, name="views-and-reports", duties=duties, version=None, reason="test")
    ground = Ground(database, clock, asyncio.get_running_loop(), subjects)
    machine = type("Machine", (AccessMachine,), {"ground": ground})
    await asyncio.to_thread(run_machine, machine, examples=12, steps=18)
