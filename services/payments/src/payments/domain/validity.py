"""When a version of a price, a rate or a limit holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from kernel.errors import InvalidValue
from payments.domain.errors import AlreadyEnded, LaterVersion


@dataclass(frozen=True, slots=True)
class Validity:
    """[since, until), without an end while `until` is None. Empty when it was ended before it began."""

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise InvalidValue(field="valid_until", expected="a time no earlier than valid_from", given=self.until)

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def reaches(self, at: datetime) -> bool:
        """Tell whether it holds at `at` or some time after."""
        return self.until is None or (self.until > at and self.until > self.since)

    def ended(self, at: datetime) -> "Validity":
        """End it at `at`, or before it begins; raises AlreadyEnded when it had ended by then."""
        if self.until is not None and self.until <= at:
            raise AlreadyEnded(valid_until=self.until.isoformat())
        return Validity(self.since, max(self.since, at))


class Dated(Protocol):
    """One version in a series, such as the versions of one fee rule; no two of a series hold at one time."""

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
    """Find the version that a new one from `since` on cuts short, None when nothing holds then.

    Raises LaterVersion when one that begins no earlier stands already: it would come back over the new one's head.
    """
    reaching = [version for version in standing if version.validity.reaches(since)]
    for version in reaching:
        if version.validity.since >= since:
            raise LaterVersion(field="valid_from", valid_from=version.validity.since.isoformat())
    return reaching[0] if reaching else None
