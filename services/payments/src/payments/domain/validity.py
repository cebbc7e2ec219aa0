"""The period in which a version of a price, a rate or a limit is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from kernel.errors import InvalidValue
from payments.domain.errors import AlreadyEnded, LaterVersion


@dataclass(frozen=True, slots=True)
class Validity:
    """[since, until), without an end while `until` is None. Empty if it was ended before it started."""

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise InvalidValue(field="valid_until", expected="a time no earlier than valid_from", given=self.until)

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def reaches(self, at: datetime) -> bool:
        """Return whether it is in force at `at` or later."""
        return self.until is None or (self.until > at and self.until > self.since)

    def ended(self, at: datetime) -> "Validity":
        """End it at `at`; if it has not started by then, make it empty. Raise AlreadyEnded if it had ended by then."""
        if self.until is not None and self.until <= at:
            raise AlreadyEnded(valid_until=self.until.isoformat())
        return Validity(self.since, max(self.since, at))


class Dated(Protocol):
    """One version in a series, such as the versions of one fee rule. No two of a series are in force at the same time."""

    @property
    def id(self) -> UUID: ...

    @property
    def series(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def validity(self) -> Validity: ...


D = TypeVar("D", bound=Dated)


def replaced_by(standing: Iterable[D], since: datetime) -> D | None:
    """Find the version that a new one from `since` ends, or None if none is in force then.

    Raise LaterVersion if a version with the same or a later start exists: it would later replace the new one.
    """
    reaching = [version for version in standing if version.validity.reaches(since)]
    for version in reaching:
        if version.validity.since >= since:
            raise LaterVersion(field="valid_from", valid_from=version.validity.since.isoformat())
    return reaching[0] if reaching else None
