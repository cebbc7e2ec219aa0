"""The reason why a handler failed, and what follows: wait for a dependency, try again, or try no more."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chassis.errors import as_domain_error, sqlstate_of
from chassis.persistence.delivery import AlreadyHandled
from kernel.errors import DomainError, Kind

# Attempts of a message whose handler itself fails.
FAULTS_MAX: Final = 10

# A conflict with another transaction, or its effect: the handler succeeds when it runs again (PostgreSQL's SQLSTATE).
_CONFLICTS: Final = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock timeout
        "57014",  # statement timeout
        "23505",  # unique violation: the row did not exist when the handler looked for it
    }
)
_AWAY: Final = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED})
_TRANSIENT: Final = frozenset({Kind.STALE, Kind.INTERNAL})


class HandlerTooSlow(DomainError):
    """The handler did not finish in time."""


class Fault(StrEnum):
    AWAY = "away"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Failure:
    """A handler's error. `reason` is for operators, and never contains the text of an exception that is not a DomainError."""

    error: DomainError
    fault: Fault
    reason: str

    @classmethod
    def of(cls, exception: BaseException) -> "Failure | None":
        """Classify a handler's exception; None if the message had already been handled.

        An exception that is neither a DomainError nor an unavailable dependency is a defect, and permanent: the same code would
        fail again.
        """
        if isinstance(exception, AlreadyHandled):
            return None
        error = as_domain_error(exception)
        reason = str(error) if error is exception else f"{type(exception).__name__}: {error}"
        return cls(error, _fault_of(exception, error), reason)

    @classmethod
    def unread(cls, error: DomainError) -> "Failure":
        """Classify the error of a message that could not be decoded."""
        return cls(error, _fault_of(error, error), str(error))

    @classmethod
    def permanent(cls, error: DomainError) -> "Failure":
        return cls(error, Fault.PERMANENT, str(error))

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed."""
        return self.fault is not Fault.PERMANENT

    @property
    def dependency_away(self) -> bool:
        return self.fault is Fault.AWAY


def _fault_of(exception: BaseException, error: DomainError) -> Fault:
    if sqlstate_of(exception) in _CONFLICTS:
        return Fault.TRANSIENT
    if error.kind in _AWAY:
        return Fault.AWAY
    if error is exception and error.kind in _TRANSIENT:
        return Fault.TRANSIENT
    return Fault.PERMANENT
