"""Withdraw what a line is about: by a decision, or at the deadline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.notices import role_withdrawn
from governance.application.members.joining import require_managed
from governance.application.ports.access_reviews import ListedLine
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

    Nobody needs to manage a closed organization. Yields the time, which is taken under the guard. Enter it first in the
    transaction.
    """
    async with role_management_kept(tx):
        at = clock.now()
        organization = await tx.organizations.find(organization_id) if organization_id else None
        if organization is None or organization.is_closed:
            yield at
            return
        had = await tx.memberships.can_be_managed(organization.id, MANAGE_ORGANIZATION, at=at)
        yield at
        await require_managed(tx, organization.id, had=had, at=at)


async def withdraw_line(tx: Transaction, line: ReviewLine, outcome: LineOutcome, decider: Decider) -> bool:
    """Revoke the role and set the outcome. Return False, and change nothing, if the person does not have it. Raise OwnAccess.

    Assignments of it since the campaign started go too: otherwise one that is revoked and granted again would pass the deadline.
    The person is informed.
    """
    line.require_other(decider.by)
    held = await HeldRoles.lock(tx, line.subject_id)
    others = [each for each in await tx.access_reviews.lines_of(line.review_id, line.subject_id) if not _is(each, line)]
    same = held.ids_of(line.role, organization_id=line.organization_id)
    if any(each.role == line.role and each.outcome is LineOutcome.KEPT for each in others):
        # It may be the one that another line keeps.
        same &= {line.assignment_id}
    withdrawn = sorted(same - {each.assignment_id for each in others})
    if not withdrawn:
        return False
    reason = f"access review {line.review_id}" + (f": {decider.reason}" if decider.reason else "")
    for assignment_id in withdrawn:
        held.revoke(tx, line.role, assignment_id=assignment_id, at=decider.at, reason=reason)
    settle_line(tx, line, outcome, decider)
    tx.announce(role_withdrawn(line, at=decider.at))
    return True


def settle_line(tx: Transaction, line: ReviewLine, outcome: LineOutcome, decider: Decider) -> None:
    """Set the outcome of a line, with its audit fact. Raise OwnAccess."""
    with tx.change(audit.LINE, line, _VERBS[outcome], at=decider.at, reason=decider.reason):
        line.decide(outcome, decider)


def _is(listed: ListedLine, line: ReviewLine) -> bool:
    return listed.assignment_id == line.assignment_id
