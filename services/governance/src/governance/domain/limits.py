"""Where and when a role is in force."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from kernel.errors import InvalidValue

# Later dates are mistakes, such as an "end" that stands for "never".
FAR: Final = timedelta(days=50 * 365)


class Limits(NamedTuple):
    """Where and when a role is in force: everywhere, in one organization, or in one team of it with the parts of that team.

    From `starts_at` on, before `ends_at`.
    """

    organization_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    team_id: UUID | None = None

    @property
    def are_none(self) -> bool:
        return self == NO_LIMITS

    @property
    def is_scoped(self) -> bool:
        return self.organization_id is not None

    def require_possible(self, *, at: datetime) -> None:
        """Raise InvalidValue if the role would never be in force."""
        if self.team_id and not self.organization_id:
            raise InvalidValue(field="organization_id", expected="the organization of the team")
        for field, moment in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if moment and moment > at + FAR:
                raise InvalidValue(field=field, expected=f"a time within {FAR.days // 365} years", given=moment.isoformat())
        if self.ends_at and self.ends_at <= at:
            raise InvalidValue(field="ends_at", expected="a time in the future", given=self.ends_at.isoformat())
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise InvalidValue(field="ends_at", expected="a time after starts_at", given=self.ends_at.isoformat())

    def hold_at(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)

    def starts_after(self, at: datetime) -> bool:
        return self.starts_at is not None and self.starts_at > at


NO_LIMITS: Final = Limits()
