"""That a person belongs to an organization, and may act for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.domain.events import MembershipEnded
from kernel.events import Aggregate


@dataclass(eq=False)
class Membership(Aggregate):
    organization_id: UUID
    subject_id: UUID
    joined_at: datetime
    ended_at: datetime | None = None

    def end(self, *, at: datetime) -> None:
        """End it; access tokens of before no longer act for the organization."""
        self.ended_at = at
        self.announce(MembershipEnded(occurred_at=at, organization_id=self.organization_id, subject_id=self.subject_id))
