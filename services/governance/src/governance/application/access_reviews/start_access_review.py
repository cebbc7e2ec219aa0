from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import ReviewAuthority, of_review, require_authority_over_all
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.access_review import LINES_MAX, RUNNING_MAX, AccessReview
from governance.domain.errors import TooManyReviews, UnknownOrganization, UnknownRole
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class StartAccessReview:
    """Start a campaign: list who has which role now, and ask the managers concerned by a notice.

    A campaign may withdraw everything that it lists, so it is started by a person with authority over everybody in it.
    """

    uow: UnitOfWork
    authority: ReviewAuthority
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        title: str,
        organization_id: UUID | None,
        roles: Collection[str],
        reason: str,
        deadline: datetime,
    ) -> AccessReview:
        """Raise AccessDenied, NotFound, UnknownOrganization, UnknownRole, InvalidValue, TooManyReviews, or BeyondReview."""
        await self.authority.require_administrator(actor, organization_id)
        async with self.uow.begin(of_review(actor, organization_id)) as tx:
            # No role is granted or revoked between the list and its commit.
            await tx.standings.guard()
            at = self.clock.now()
            await _require_scope(tx, organization_id, roles)
            held = await tx.access_reviews.held(organization_id, roles, at=at, most=LINES_MAX + 1)
            review, lines = AccessReview.start(
                held,
                title=title,
                organization_id=organization_id,
                roles=sorted(roles),
                reason=reason,
                deadline=deadline,
                administrators=await tx.access_reviews.administrators(organization_id, at=at),
                by=actor.subject_id,
                at=at,
            )
            if await tx.access_reviews.running_of(actor.subject_id) >= RUNNING_MAX:
                raise TooManyReviews(most=RUNNING_MAX)
            await require_authority_over_all(tx, actor, {line.subject_id for line in lines}, organization_id, at=at)
            await tx.access_reviews.add(review, lines)
            tx.create(audit.REVIEW, review, "start", at=at, reason=reason)
            return review


async def _require_scope(tx: Transaction, organization_id: UUID | None, roles: Collection[str]) -> None:
    if organization_id:
        organization = await tx.organizations.share(organization_id)
        if organization is None:
            raise UnknownOrganization(field="organization_id", organization_id=organization_id)
        organization.require_open()
    if not roles:
        return
    hierarchy = await tx.roles.hierarchy()
    for name in sorted(roles):
        role = hierarchy.find(name)
        if role is None:
            raise UnknownRole(field="roles", role=name)
        if role.is_default:
            raise InvalidValue(field="roles", expected="roles other than the default one, which everybody has", given=name)
