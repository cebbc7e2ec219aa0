"""What governance needs of the world."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from governance.domain.approval_rule import ApprovalRule
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role import Permission, Role
from governance.domain.role_holder import RoleHolder
from governance.domain.standing import Standing
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event


class Roles(Protocol):
    async def find(self, name: str) -> Role | None: ...

    async def lock(self, name: str) -> Role | None:
        """Find a role and lock it until the transaction ends; lock it before any holder."""

    async def default(self) -> Role: ...

    async def all(self) -> Sequence[Role]:
        """Return every role, with the changes that this transaction made."""

    async def permissions(self) -> Sequence[Permission]: ...


class RoleHolders(Protocol):
    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        """Find a subject and lock its id until the transaction ends, also when nothing is known of it yet."""

    async def permissions_of(self, subject_id: UUID) -> frozenset[str]:
        """Return what a subject's roles permit, and what the default role does: everybody may that.

        With the changes of this transaction. What roles permit is exact only under the guard.
        """

    def add(self, holder: RoleHolder) -> None: ...


class Standings(Protocol):
    async def guard(self) -> None:
        """Become the only transaction that may change what roles permit or, but for first roles, who holds them.

        It is called before any role or subject is locked.
        """

    async def somebody_able_has(self, permission: str) -> bool:
        """Tell whether a person who is able to act holds a role with the permission, after the changes of this transaction.

        Exact only under the guard.
        """

    async def find(self, subject_id: UUID) -> Standing | None:
        """Find what was recorded of a person; it changes only under the guard."""

    def add(self, standing: Standing) -> None: ...


class Bundles(Protocol):
    async def lock_latest(self) -> PolicyBundle | None:
        """Become the only publisher until the transaction ends, and return the bundle in force."""

    def add(self, bundle: PolicyBundle) -> None: ...


class ApprovalRules(Protocol):
    async def find(self, name: str) -> ApprovalRule | None:
        """Find a rule, withdrawn or not; whoever changes it has called `Bundles.lock_latest`."""

    async def all(self) -> Sequence[ApprovalRule]:
        """Return every rule, with the changes that this transaction made."""

    def add(self, rule: ApprovalRule) -> None: ...


class Transaction(Protocol):
    @property
    def roles(self) -> Roles: ...

    @property
    def holders(self) -> RoleHolders: ...

    @property
    def standings(self) -> Standings: ...

    @property
    def bundles(self) -> Bundles: ...

    @property
    def approval_rules(self) -> ApprovalRules: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...

    def announce(self, event: Event) -> None: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...


class Subjects(Protocol):
    async def is_active(self, subject_id: UUID) -> bool:
        """Tell whether a subject may act; raises UnknownSubject, or Unavailable when identity does not answer."""

    async def active_of(self, subject_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those, of at most 500, who may act; raises Unavailable when identity does not answer."""


class PolicyChecker(Protocol):
    def check(self, compiled: CompiledPolicies) -> None:
        """Return when every policy agrees with the schema; raises UnsoundPolicies."""
