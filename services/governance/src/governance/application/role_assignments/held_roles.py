"""The roles of a person, locked together, to revoke some of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.ports.transaction import Transaction
from governance.application.role_assignments import audit
from governance.application.role_assignments.limited import revoke_limited
from governance.domain.limited_role import LimitedHolder
from governance.domain.role_holder import RoleHolder


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """None: the person has no such roles and never had any."""

    unlimited: RoleHolder | None
    limited: LimitedHolder | None

    @classmethod
    async def lock(cls, tx: Transaction, subject_id: UUID) -> "HeldRoles":
        return cls(await tx.holders.lock(subject_id), await tx.limited_holders.lock(subject_id))

    @property
    def is_known(self) -> bool:
        return self.unlimited is not None or self.limited is not None

    def ids_of(self, role: str, *, organization_id: UUID | None) -> frozenset[UUID]:
        """Return the assignments of a role for an organization and its teams, or for none, whatever their dates."""
        found = {
            each.id
            for each in (self.limited.assignments.values() if self.limited else ())
            if (each.role, each.organization_id) == (role, organization_id)
        }
        if self.unlimited and organization_id is None and (held := self.unlimited.assignments.get(role)):
            found.add(held.id)
        return frozenset(found)

    def revoke(self, tx: Transaction, role: str, *, assignment_id: UUID | None, at: datetime, reason: str | None) -> bool:
        """Revoke a role, or one assignment of it. Return False if the person does not have it.

        The caller holds the guard, and has checked its authority.
        """
        revoked = False
        held = self.unlimited.assignments.get(role) if self.unlimited else None
        if self.unlimited and held and assignment_id in {None, held.id}:
            with tx.change(audit.assignment_of(role), self.unlimited, "revoke", at=at, reason=reason):
                self.unlimited.revoke(role, at=at)
            revoked = True
        for assignment in list(self.limited.assignments.values()) if self.limited else ():
            if self.limited and assignment.role == role and assignment_id in {None, assignment.id}:
                revoke_limited(tx, self.limited, assignment, "revoke", at=at, reason=reason)
                revoked = True
        return revoked
