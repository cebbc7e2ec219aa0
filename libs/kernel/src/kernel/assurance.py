"""How surely we must know who acts: by how many factors, and how lately (RFC 9470, NIST SP 800-63B)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.actor import Actor
from kernel.errors import DomainError, Kind

# RFC 8176: identity adds it to a session's methods once two factors were shown.
MULTI_FACTOR = "mfa"


class StepUpRequired(DomainError):
    """Sign in again or show a second factor, then repeat the request."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_005"

    def __init__(self, *, multi_factor: bool, age_seconds_max: int | None) -> None:
        super().__init__(multi_factor=multi_factor, age_seconds_max=age_seconds_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """What an act asks of the session it comes from.

    `age_seconds_max`: how long ago the user may last have proven who they are; a refresh does not count as proof.
    """

    multi_factor: bool = False
    age_seconds_max: int | None = None

    def require(self, actor: Actor, *, at: datetime) -> None:
        """Raise StepUpRequired, which says what is missing, for a session that falls short."""
        if (self.multi_factor and MULTI_FACTOR not in actor.methods) or self._is_stale(actor, at):
            raise StepUpRequired(multi_factor=self.multi_factor, age_seconds_max=self.age_seconds_max)

    def _is_stale(self, actor: Actor, at: datetime) -> bool:
        if self.age_seconds_max is None:
            return False
        return actor.authenticated_at is None or at - actor.authenticated_at > timedelta(seconds=self.age_seconds_max)


# Approving money, or another's recovery: two factors, minutes ago.
STRONG_AND_RECENT = Assurance(multi_factor=True, age_seconds_max=300)
RECENT = Assurance(age_seconds_max=300)
