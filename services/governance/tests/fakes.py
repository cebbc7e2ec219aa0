"""Fakes of governance's ports, in memory; the repositories' suite runs over them and over PostgreSQL alike."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from governance.application.queries import (
    ApprovalRuleView,
    AssignmentView,
    BundleView,
    PermissionView,
    PolicyText,
    RoleView,
    StandingView,
    SubjectView,
)
from governance.domain.approval_rule import ApprovalRule
from governance.domain.errors import UnknownSubject, UnsoundPolicies
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role import Permission, Role
from governance.domain.role_holder import RoleHolder
from governance.domain.seed import DEFAULT_ROLE, PERMISSIONS, ROLES
from governance.domain.standing import Standing
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import Unavailable
from kernel.events import Aggregate, Event
from kernel.pages import Page, PageRequest

T = TypeVar("T")

# What migration 0004 adds to the first seed: permissions, who is granted them, and a version of the roles that changed.
OVER_OTHERS = ("user:read_any", "user:update_any", "user:export_any", "user:erase_any", "wallet:read_any", "transfer:read_any")
GRANTED_LATER = {"admin": OVER_OTHERS, "staff": ("user:read_any", "wallet:read_any", "transfer:read_any")}

# In place of an id that is random.
NO_ID = UUID(int=0)


def seeded_permissions() -> dict[str, Permission]:
    return {name: Permission(name, description) for name, description in (PERMISSIONS | dict.fromkeys(OVER_OTHERS, "")).items()}


def seeded_roles() -> dict[str, Role]:
    known = seeded_permissions()
    return {
        name: Role(
            name,
            description,
            name == DEFAULT_ROLE,
            2 if name in GRANTED_LATER else 1,
            {known[granted] for granted in (*permissions, *GRANTED_LATER.get(name, ()))},
        )
        for name, (description, permissions) in ROLES.items()
    }


@dataclass
class Store:
    """What is committed; it begins as the migrations leave the database."""

    roles: dict[str, Role] = field(default_factory=seeded_roles)
    permissions: dict[str, Permission] = field(default_factory=seeded_permissions)
    holders: dict[UUID, RoleHolder] = field(default_factory=dict)
    bundles: list[PolicyBundle] = field(default_factory=list)
    approval_rules: dict[str, ApprovalRule] = field(default_factory=dict)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    facts: list[tuple[AuditFact, Actor]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def branch(self) -> "Store":
        """Copy as deep as the aggregates go, so that what is not committed stays out."""
        return Store(
            {name: _copy_role(role) for name, role in self.roles.items()},
            dict(self.permissions),
            {subject: _copy_holder(holder) for subject, holder in self.holders.items()},
            list(self.bundles),
            {name: copy(rule) for name, rule in self.approval_rules.items()},
            {subject: copy(standing) for subject, standing in self.standings.items()},
            list(self.facts),
            list(self.events),
        )


def _copy_role(role: Role) -> Role:
    return Role(role.name, role.description, role.is_default, role.version, set(role.permissions))


def _copy_holder(holder: RoleHolder) -> RoleHolder:
    assignments = {role: copy(assignment) for role, assignment in holder.assignments.items()}
    return RoleHolder(holder.subject_id, holder.welcomed_at, assignments)


class FakeRoles:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, name: str) -> Role | None:
        return self._store.roles.get(name)

    async def lock(self, name: str) -> Role | None:
        return self._store.roles.get(name)

    async def default(self) -> Role:
        return next(role for role in self._store.roles.values() if role.is_default)

    async def all(self) -> Sequence[Role]:
        return sorted(self._store.roles.values(), key=lambda role: role.name)

    async def permissions(self) -> Sequence[Permission]:
        return sorted(self._store.permissions.values(), key=lambda permission: permission.name)


class FakeRoleHolders:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        return self._store.holders.get(subject_id)

    async def permissions_of(self, subject_id: UUID) -> frozenset[str]:
        holder = self._store.holders.get(subject_id)
        held = holder.roles if holder else ()
        roles = (role for role in self._store.roles.values() if role.is_default or role.name in held)
        return frozenset[str]().union(*(role.permission_names for role in roles))

    def add(self, holder: RoleHolder) -> None:
        self._store.holders[holder.subject_id] = holder


class FakeStandings:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def guard(self) -> None:
        """One transaction at a time, as it is."""

    async def somebody_able_has(self, permission: str) -> bool:
        carrying = {role.name for role in self._store.roles.values() if permission in role.permission_names}
        unable = {standing.subject_id for standing in self._store.standings.values() if not standing.is_able}
        return any(carrying & holder.assignments.keys() for id_, holder in self._store.holders.items() if id_ not in unable)

    async def find(self, subject_id: UUID) -> Standing | None:
        return self._store.standings.get(subject_id)

    def add(self, standing: Standing) -> None:
        self._store.standings[standing.subject_id] = standing


class FakeBundles:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock_latest(self) -> PolicyBundle | None:
        return self._store.bundles[-1] if self._store.bundles else None

    def add(self, bundle: PolicyBundle) -> None:
        self._store.bundles.append(bundle)


class FakeApprovalRules:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, name: str) -> ApprovalRule | None:
        return self._store.approval_rules.get(name)

    async def all(self) -> Sequence[ApprovalRule]:
        return sorted(self._store.approval_rules.values(), key=lambda rule: rule.name)

    def add(self, rule: ApprovalRule) -> None:
        self._store.approval_rules[rule.name] = rule


class FakeTransaction:
    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor
        self.roles = FakeRoles(store)
        self.holders = FakeRoleHolders(store)
        self.standings = FakeStandings(store)
        self.bundles = FakeBundles(store)
        self.approval_rules = FakeApprovalRules(store)

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        self._store.facts.append((fact, actor or self._actor))

    def announce(self, event: Event) -> None:
        self._store.events.append(event)


class FakeUnitOfWork:
    def __init__(self) -> None:
        self.committed = Store()

    @property
    def facts(self) -> list[AuditFact]:
        return [fact for fact, _ in self.committed.facts]

    @property
    def told(self) -> list[tuple[AuditFact, Actor]]:
        """The facts with their actors, under NO_ID for their own."""
        return [(replace(fact, fact_id=NO_ID), actor) for fact, actor in self.committed.facts]

    @property
    def announced(self) -> list[Event]:
        """The events, under NO_ID for their own."""
        return [replace(event, event_id=NO_ID) for event in self.committed.events]

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[FakeTransaction]:
        store = self.committed.branch()
        yield FakeTransaction(store, actor)
        aggregates: list[Aggregate] = [*store.roles.values(), *store.holders.values(), *store.bundles]
        store.events += [event for aggregate in aggregates for event in aggregate.collect()]
        self.committed = store


@dataclass
class FakeSubjects:
    """Knows the active and the suspended; `away` as when identity does not answer."""

    active: set[UUID] = field(default_factory=set)
    suspended: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def is_active(self, subject_id: UUID) -> bool:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="identity")
        if subject_id not in self.active | self.suspended:
            raise UnknownSubject(field="subject_id", subject_id=subject_id)
        return subject_id in self.active

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="identity")
        return frozenset(self.active.intersection(subject_ids))


@dataclass
class FakeChecker:
    sound: bool = True

    def check(self, compiled: CompiledPolicies) -> None:
        if not self.sound:
            raise UnsoundPolicies(policies=compiled.policies)


class FakeQueries:
    """Reads what the unit of work has committed."""

    def __init__(self, uow: FakeUnitOfWork) -> None:
        self._uow = uow

    async def roles(self) -> Sequence[RoleView]:
        roles = sorted(self._uow.committed.roles.values(), key=lambda role: role.name)
        return [_role_view(role) for role in roles]

    async def role(self, name: str) -> RoleView | None:
        role = self._uow.committed.roles.get(name)
        return _role_view(role) if role else None

    async def default_role(self) -> str:
        return next(role.name for role in self._uow.committed.roles.values() if role.is_default)

    async def permissions(self) -> Sequence[PermissionView]:
        permissions = sorted(self._uow.committed.permissions.values(), key=lambda permission: permission.name)
        return [PermissionView(permission.name, permission.description) for permission in permissions]

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        holder = self._uow.committed.holders.get(subject_id)
        return SubjectView(subject_id, holder.roles, tuple(_assignments(holder))) if holder else None

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        holders, default = self._uow.committed.holders, (await self.default_role(),)
        return [(id_, holders[id_].roles if id_ in holders else default) for id_ in subject_ids]

    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        default = {await self.default_role()}
        found = sorted(id_ for id_, holder in self._uow.committed.holders.items() if holder.assignments.keys() - default)
        recorded = self._uow.committed.standings
        views = [(id_, recorded.get(id_)) for id_ in found if id_ > after][:limit]
        return [StandingView(id_, not each or each.is_able, each.recorded_at if each else None) for id_, each in views]

    async def assignments(self, page: PageRequest, *, role: str | None, subject_id: UUID | None) -> Page[AssignmentView]:
        views = [
            view
            for holder in self._uow.committed.holders.values()
            for view in _assignments(holder)
            if role in {None, view.role} and subject_id in {None, view.subject_id}
        ]
        views.sort(key=lambda view: (-view.granted_at.timestamp(), view.subject_id, view.role))
        return _page(views, page)

    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        return _page([_bundle_view(bundle) for bundle in reversed(self._uow.committed.bundles)], page)

    async def current_bundle(self) -> PolicyText | None:
        if not self._uow.committed.bundles:
            return None
        bundle = self._uow.committed.bundles[-1]
        return PolicyText(_bundle_view(bundle), bundle.policies, bundle.schema)

    async def approval_rules(self, page: PageRequest) -> Page[ApprovalRuleView]:
        rules = sorted(self._uow.committed.approval_rules.values(), key=lambda rule: rule.name)
        return _page([ApprovalRuleView.of(rule) for rule in rules if not rule.is_withdrawn], page)

    async def approval_rule(self, name: str) -> ApprovalRuleView | None:
        rule = self._uow.committed.approval_rules.get(name)
        return ApprovalRuleView.of(rule) if rule else None

    async def current_version(self) -> int:
        return len(self._uow.committed.bundles)


def _page(items: list[T], page: PageRequest) -> Page[T]:
    return Page(items[page.offset : page.offset + page.per_page], page.page, page.per_page, len(items))


def _role_view(role: Role) -> RoleView:
    return RoleView(role.name, role.description, role.is_default, role.version, role.permission_names)


def _assignments(holder: RoleHolder) -> list[AssignmentView]:
    return [
        AssignmentView(holder.subject_id, item.role, item.granted_by, item.granted_at, item.reason)
        for _, item in sorted(holder.assignments.items())
    ]


def _bundle_view(bundle: PolicyBundle) -> BundleView:
    return BundleView(bundle.version, bundle.id, bundle.digest, bundle.published_by, bundle.published_at)
