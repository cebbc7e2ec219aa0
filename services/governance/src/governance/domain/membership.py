"""That a person belongs to an organization, and may act for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from governance.domain.errors import OwnManager
from governance.domain.events import MembershipEnded
from kernel.errors import InvalidValue
from kernel.events import Aggregate


@dataclass(eq=False)
class Membership(Aggregate):
    """`manager_id` is the member to whom this one reports. From `ends_at` on, the person is no member any more.

    `platform_manager_id` is the manager whom the platform has set, and not the organization. Where it is the manager, the manager
    may decide about roles of the platform too, in an internal organization.

    What a member may do for the organization are roles for it (`governance.domain.limited_role`); they end with the membership.
    """

    organization_id: UUID
    subject_id: UUID
    joined_at: datetime
    manager_id: UUID | None = None
    ends_at: datetime | None = None
    version: int = 1
    ended_at: datetime | None = None
    platform_manager_id: UUID | None = None

    @classmethod
    def begin(cls, organization_id: UUID, subject_id: UUID, *, ends_at: datetime | None, at: datetime) -> Self:
        membership = cls(organization_id, subject_id, at)
        membership._end_at(ends_at, at)
        return membership

    def is_over(self, at: datetime) -> bool:
        """Return whether its end has come; a job ends it soon."""
        return self.ends_at is not None and self.ends_at <= at

    def change(self, *, manager_id: UUID | None, ends_at: datetime | None, at: datetime, by_platform: bool = False) -> bool:
        """Set manager and end. Return False if nothing changed. Raise OwnManager, or InvalidValue for an end in the past.

        `by_platform`: another manager than before may decide about roles of the platform.
        """
        if (manager_id, ends_at) == (self.manager_id, self.ends_at):
            return False
        if manager_id == self.subject_id:
            raise OwnManager(field="manager_id", subject_id=self.subject_id)
        if ends_at != self.ends_at:
            self._end_at(ends_at, at)
        if manager_id != self.manager_id:
            self.platform_manager_id = manager_id if by_platform else None
        self.manager_id = manager_id
        self.version += 1
        return True

    def end(self, *, at: datetime) -> None:
        """End it; access tokens of before no longer act for the organization."""
        self.ended_at = at
        self.announce(MembershipEnded(occurred_at=at, organization_id=self.organization_id, subject_id=self.subject_id))

    def _end_at(self, ends_at: datetime | None, at: datetime) -> None:
        if ends_at is not None and ends_at <= at:
            raise InvalidValue(field="ends_at", expected="a time in the future", given=ends_at.isoformat())
        self.ends_at = ends_at
