"""Statutory retention periods of records about a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Keep a `category` of records for `years` after the relationship or transaction; `basis` is the law that requires it."""

    category: str
    years: int
    basis: str

    @property
    def text(self) -> str:
        return f"{self.category}: {self.basis}, {self.years} years"

    def until(self, since: datetime) -> datetime:
        """Return the day on which the person may be erased. Never a day too early: 29 February becomes 1 March."""
        since = since.astimezone(UTC)
        try:
            return since.replace(year=since.year + self.years)
        except ValueError:
            return since.replace(year=since.year + self.years, month=3, day=1)


def retain_until(rules: Sequence[RetentionRule], since: datetime) -> datetime | None:
    """Return the end of the longest retention period."""
    return max((rule.until(since) for rule in rules), default=None)
