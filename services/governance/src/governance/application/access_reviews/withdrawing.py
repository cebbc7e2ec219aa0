"""Withdraw what a line is about: by a decision, or at the deadline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.members.joining import require_managed
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import Transaction
from governance.application.role_assignments.held_roles import HeldRoles
from governance.application.standings.role_management import role_management_kept
from governance.domain.access_review import Decider, LineOutcome, ReviewLine
from kernel.clock import Clock

# The verbs of the audit facts.
_VERBS: Final = {
    LineOutcome.KEPT: "keep",
    LineOutcome.WITHDRAWN: "withdraw",
    LineOutcome.UNCONFIRMED: "expire",
    LineOutcome.ENDED: "end",
    LineOutcome.RETAINED: "retain",
}


@asynccontextmanager
async def administration_kept(tx: Transaction, organization_id: UUID | None, clock: Clock) -> AsyncIterator[datetime]:
    """Raise LastAdministrator or LastOrganizationAdministrator if nobody is left who manages roles, policies or organization.

    Yields the time, which is taken under the guard. Enter it first in the transaction.
    """
    async with role_management_kept(tx):
        at = clock.now()
        had = organization_id is not None and await tx.memberships.can_be_managed(organization_id, MANAGE_ORGANIZATION, at=at)
        yield at
        if organization_id:
            await require_managed(tx, organization_id, had=had, at=at)


async def withdraw_line(tx: Transaction, line: ReviewLine, outcome: LineOutcome, decider: Decider) -> None:
    """Revoke the assignment, and set the outcome: this one, or ENDED if the assignment has ended. Raise OwnAccess."""
    line.require_other(decider.by)
    held = await HeldRoles.lock(tx, line.subject_id)
    reason = f"access review {line.review_id}" + (f": {decider.reason}" if decider.reason else "")
    revoked = held.revoke(tx, line.role, assignment_id=line.assignment_id, at=decider.at, reason=reason)
    settle_line(tx, line, outcome if revoked else LineOutcome.ENDED, decider)


def settle_line(tx: Transaction, line: ReviewLine, outcome: LineOutcome, decider: Decider) -> None:
    """Set the outcome of a line, with its audit fact. Raise OwnAccess."""
    with tx.change(audit.LINE, line, _VERBS[outcome], at=decider.at, reason=decider.reason):
        line.decide(outcome, decider)
