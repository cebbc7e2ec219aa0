"""Verdicts: when a message that could not be handled is tried again."""

from dataclasses import dataclass
from typing import Final

from chassis.messaging.failure import FAULTS_MAX, Failure, Fault
from chassis.messaging.wire import Undecodable, UnknownType
from kernel.errors import Unavailable

# Attempts in place, before the aggregate is parked.
QUICK_ATTEMPTS: Final = 3
# From a failed attempt of a parked message to the next one, by the number of attempts beyond those in place.
RETRY_SECONDS: Final = (5, 30, 120)
# From one attempt to the next while a dependency is away, for messages that do not wait in hand.
AWAY_SECONDS: Final = 5
# From one attempt to the next of a message whose type this release does not know.
UNKNOWN_TYPE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an aggregate is parked: after `attempts`, with the next one in `seconds` (None: when an operator releases it).

    `unavailable_type` is the message's type if a dependency of its handler is away.
    """

    failure: Failure
    attempts: int
    seconds: float | None
    unavailable_type: str | None = None


def after_fault(failure: Failure, attempts: int) -> Verdict:
    """Return the verdict on a message whose handler itself failed."""
    if not failure.transient or attempts >= FAULTS_MAX:
        return Verdict(failure, attempts, None)
    step = min(max(0, attempts - QUICK_ATTEMPTS), len(RETRY_SECONDS) - 1)
    return Verdict(failure, attempts, RETRY_SECONDS[step])


def after_decoding(error: Undecodable, attempts: int) -> Verdict:
    """Return the verdict on a message that could not be decoded; attempts of an unknown type do not count."""
    failure = Failure.unread(error)
    if isinstance(error, UnknownType):
        return Verdict(failure, attempts - 1, UNKNOWN_TYPE_SECONDS)
    return after_fault(failure, attempts)


def while_away(event_type: str, *, attempts: int = 0, failure: Failure | None = None) -> Verdict:
    """Return the verdict on a message whose handler's dependency is away; its attempts do not count."""
    if failure is None:
        error = Unavailable()
        failure = Failure(error, Fault.AWAY, str(error))
    return Verdict(failure, attempts, AWAY_SECONDS, event_type)
