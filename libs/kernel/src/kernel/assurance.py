"""The sign-in that an operation requires: how many factors, and how recently (RFC 9470, NIST SP 800-63B)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kernel.actor import Actor
from kernel.errors import DomainError, Kind

# RFC 8176: identity adds it to a session's methods after two factors were verified.
MULTI_FACTOR = "mfa"
AGE_SECONDS_MAX: Final = 300


class StepUpRequired(DomainError):
    """Sign in again or verify a second factor, then repeat the request."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_005"

    def __init__(self, *, multi_factor: bool, age_seconds_max: int | None) -> None:
        super().__init__(multi_factor=multi_factor, age_seconds_max=age_seconds_max)


@dataclass(frozen=True, slots=True)
class Factors:
    """The present factors of a user, which may be newer than the access token.

    `version` is raised by a change that makes earlier tokens wrong: the first second factor is added, or a factor is removed.
    """

    version: int
    has_second: bool

    def judge(self, actor: Actor) -> Actor:
        """Return the actor with the present factors; a token of an earlier version counts as no authentication."""
        if actor.factors_version < self.version:
            return replace(actor, authenticated_at=None, methods=(), has_second_factor=self.has_second)
        return replace(actor, has_second_factor=self.has_second)


class Assurance(StrEnum):
    """The sign-in that an operation requires of the caller's session. Refreshing tokens is not a sign-in.

    NONE: a session. RECENT: every factor that the user has, within the last five minutes. STRONG: two factors within the last
    five minutes, even if the user has only one.
    """

    NONE = "none"
    RECENT = "recent"
    STRONG = "strong"

    def require(self, actor: Actor, *, at: datetime, factors: Factors | None = None) -> None:
        """Raise StepUpRequired, which says what is missing, if the session does not meet the requirement.

        `factors`, if given, are the user's present factors and override those in the access token.
        """
        if self is Assurance.NONE:
            return
        if factors:
            actor = factors.judge(actor)
        multi_factor = self is Assurance.STRONG or actor.has_second_factor
        if (multi_factor and MULTI_FACTOR not in actor.methods) or _is_stale(actor, at):
            raise StepUpRequired(multi_factor=multi_factor, age_seconds_max=AGE_SECONDS_MAX)


def _is_stale(actor: Actor, at: datetime) -> bool:
    return actor.authenticated_at is None or at - actor.authenticated_at > timedelta(seconds=AGE_SECONDS_MAX)


NONE: Final = Assurance.NONE
RECENT: Final = Assurance.RECENT
STRONG: Final = Assurance.STRONG
