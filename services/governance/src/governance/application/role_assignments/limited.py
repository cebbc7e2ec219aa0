"""Revoke a limited role: by a person, by its end, or with what it rests on."""

from datetime import datetime

from governance.application.ports.transaction import Transaction
from governance.application.role_assignments import audit
from governance.domain.limited_role import LimitedAssignment, LimitedHolder


def revoke_limited(
    tx: Transaction, holder: LimitedHolder, assignment: LimitedAssignment, verb: str, *, at: datetime, reason: str | None
) -> None:
    """Revoke it, with its audit fact. `verb` is "revoke", or "expire" if its end has come."""
    with tx.change(audit.limited_assignment_of(assignment.role, assignment.organization_id), holder, verb, at=at, reason=reason):
        holder.revoke(assignment.id, at=at)
