"""Memberships that ended after a token was issued, so that the token no longer acts for the organization."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from chassis.auth.claims import Claims
from chassis.auth.subject_roles import KEPT_SECONDS, SETTLED
from kernel.clock import Clock
from kernel.errors import NotAMember

_MEMBERSHIPS_MAX = 200_000
# In place of a subject: all members of an organization.
EVERYBODY: Final = ""
ACTIVE: Final = "active"


class Ending(NamedTuple):
    """That a person, or EVERYBODY, may not act for an organization with a token from before `ended_at`."""

    subject_id: str
    organization_id: str
    ended_at: datetime


class EndingSource(Protocol):
    async def endings(self) -> Sequence[Ending]:
        """Return the endings of the last twenty minutes; raises Unavailable."""


class MembershipEnded(Protocol):
    """A delivery of elcorp.governance.v1.MembershipEnded."""

    @property
    def message(self) -> Any: ...

    @property
    def occurred_at(self) -> datetime: ...


class EndedMemberships:
    """The memberships that ended while access tokens of before may be valid.

    Known from governance's events, and from governance itself: at the start, after the broker was away, and regularly.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # The time of the end, and until when it is kept.
        self._ended: dict[tuple[str, str], tuple[datetime, float]] = {}

    def require(self, claims: Claims) -> None:
        """Raise NotAMember if the membership that a token acts for has ended."""
        if self.has_ended(claims):
            raise NotAMember(organization_id=claims.organization_id)

    def has_ended(self, claims: Claims) -> bool:
        """Return whether the membership that a token acts for may have ended after the token was issued.

        A later token is accepted: identity asks governance before it signs, so the person has joined again.
        """
        if claims.organization_id is None:
            return False
        organization_id = str(claims.organization_id)
        return self._is_before_end(claims, claims.subject_id, organization_id) or self._is_before_end(
            claims, EVERYBODY, organization_id
        )

    def end(self, subject_id: str, organization_id: str, *, at: datetime) -> None:
        """Record an end; ignore one that is older than the last one."""
        key = subject_id, organization_id
        known = self._ended.pop(key, None)
        if known and known[0] > at:
            self._ended[key] = known
            return
        while len(self._ended) >= _MEMBERSHIPS_MAX:
            del self._ended[next(iter(self._ended))]
        self._ended[key] = at, self._clock.elapsed() + KEPT_SECONDS

    async def refresh(self, source: EndingSource) -> None:
        """Read the recent endings; raises Unavailable."""
        for subject_id, organization_id, ended_at in await source.endings():
            self.end(subject_id, organization_id, at=ended_at)

    def _is_before_end(self, claims: Claims, subject_id: str, organization_id: str) -> bool:
        key = subject_id, organization_id
        ended = self._ended.get(key)
        if ended is None:
            return False
        ended_at, kept_until = ended
        if self._clock.elapsed() >= kept_until:
            del self._ended[key]
            return False
        return claims.issued_at <= ended_at + SETTLED

    async def on_organization_changed(self, delivery: MembershipEnded) -> None:
        """Listener callback for OrganizationStatusChanged: nobody acts for one that is suspended or closed."""
        if delivery.message.status != ACTIVE:
            self.end(EVERYBODY, delivery.message.organization_id, at=delivery.occurred_at)

    async def on_ended(self, delivery: MembershipEnded) -> None:
        """Listener callback for MembershipEnded."""
        self.end(delivery.message.subject_id, delivery.message.organization_id, at=delivery.occurred_at)
