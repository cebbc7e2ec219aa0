from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.organizations.authority import within
from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.role_assignments import audit
from governance.application.role_assignments.views import AssignmentView
from governance.application.separations.duties import require_separate_duties
from governance.application.standings.authority import require_authority_over, require_own_permissions
from governance.domain.errors import InactiveSubject, SelfGrant, UnknownOrganization, UnknownRole, UnknownTeam
from governance.domain.limited_role import LimitedHolder
from governance.domain.limits import NO_LIMITS, Limits
from governance.domain.role import ORGANIZATION_ADMIN
from governance.domain.role_holder import RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """`created` is False if the subject has the role within the same limits already. `assignment` is then the existing one."""

    assignment: AssignmentView
    created: bool


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Assign a role, everywhere or within limits, to a subject that is active in identity. Granting it again changes nothing.

    Raises UnknownRole, RetiredRole, UnknownOrganization, UnknownTeam, DutiesNotSeparated, BeyondOwnPermissions if the role has
    permissions that the actor lacks, or BeyondAuthority if the subject has.
    """

    uow: UnitOfWork
    subjects: Subjects
    clock: Clock

    async def __call__(
        self, *, actor: Actor, subject_id: UUID, role: str, limits: Limits = NO_LIMITS, reason: str | None = None
    ) -> GrantOutcome:
        await require_grantable(self.subjects, actor, subject_id, role)
        async with self.uow.begin(within(actor, limits.organization_id)) as tx:
            # Take the time under the guard: the events of a subject are in the order of their times.
            await tx.standings.guard()
            at = self.clock.now()
            return await grant_role(tx, actor=actor, subject_id=subject_id, role=role, limits=limits, reason=reason, at=at)


async def require_grantable(subjects: Subjects, actor: Actor, subject_id: UUID, role: str) -> None:
    """Raise SelfGrant, UnknownSubject, InactiveSubject, or Unavailable if identity does not answer."""
    if actor.subject_id == str(subject_id):
        raise SelfGrant(subject_id=subject_id, role=role)
    if not await subjects.is_active(subject_id):
        raise InactiveSubject(field="subject_id", subject_id=subject_id)


async def grant_role(
    tx: Transaction, *, actor: Actor, subject_id: UUID, role: str, limits: Limits, reason: str | None, at: datetime
) -> GrantOutcome:
    """Grant a role in a transaction that holds the guard. Another use case rehearses it."""
    hierarchy = await tx.roles.hierarchy()
    found = hierarchy.find(role)
    if not found:
        raise UnknownRole(field="role", role=role)
    found.require_active()
    if role == ORGANIZATION_ADMIN and not limits.is_scoped:
        raise InvalidValue(field="organization_id", expected="the organization that the person will manage")
    await _require_scope(tx, limits)
    await require_own_permissions(tx, actor, role, hierarchy.permission_names(role), at=at, until=limits.ends_at)
    grant = _grant if limits.are_none else _grant_within
    return await grant(tx, actor, subject_id, role, limits, reason=reason, at=at)


async def _require_scope(tx: Transaction, limits: Limits) -> None:
    if limits.organization_id is None:
        return
    organization = await tx.organizations.share(limits.organization_id)
    if organization is None:
        raise UnknownOrganization(field="organization_id", organization_id=limits.organization_id)
    organization.require_open()
    if limits.team_id and not await tx.teams.is_of(limits.team_id, limits.organization_id):
        raise UnknownTeam(field="team_id", team_id=limits.team_id)


async def _grant(
    tx: Transaction, actor: Actor, subject_id: UUID, role: str, _limits: Limits, *, reason: str | None, at: datetime
) -> GrantOutcome:
    holder = await tx.holders.lock(subject_id)
    await require_authority_over(tx, actor, subject_id, at=at)
    if holder and (earlier := holder.assignments.get(role)):
        # The response shows the assignment, and no other audit fact records that it was read.
        tx.record(audit.read_of_roles(subject_id).fact(at=at))
        return GrantOutcome(AssignmentView.of(earlier), created=False)
    if holder is None:
        holder = RoleHolder.register(subject_id)
        # Store a holder only with a role: an unregistered subject has the default role.
        tx.holders.add(holder)
    with tx.change(audit.assignment_of(role), holder, "grant", at=at, reason=reason):
        holder.grant(role, by=actor.subject_id, at=at, reason=reason)
    assignment = holder.assignments[role]
    await require_separate_duties(tx, subject_id, assignment_id=assignment.id, role=role, ends_at=None, at=at)
    return GrantOutcome(AssignmentView.of(assignment), created=True)


async def _grant_within(
    tx: Transaction, actor: Actor, subject_id: UUID, role: str, limits: Limits, *, reason: str | None, at: datetime
) -> GrantOutcome:
    holder = await tx.limited_holders.lock(subject_id)
    await require_authority_over(tx, actor, subject_id, at=at)
    if holder and (earlier := holder.find(role, limits)):
        tx.record(audit.read_of_roles(subject_id).fact(at=at))
        return GrantOutcome(AssignmentView.of(earlier), created=False)
    if holder is None:
        holder = LimitedHolder.register(subject_id)
        tx.limited_holders.add(holder)
    with tx.change(audit.limited_assignment_of(role, limits.organization_id), holder, "grant", at=at, reason=reason):
        assignment = holder.grant(role, limits, by=actor.subject_id, at=at, reason=reason)
    assignment.exception_ids = await require_separate_duties(
        tx, subject_id, assignment_id=assignment.id, role=role, ends_at=limits.ends_at, at=at
    )
    return GrantOutcome(AssignmentView.of(assignment), created=True)
