"""How long the law asks that records stay tied to a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """`category` is what is kept, `years` how long after the business relationship or transaction, `basis` by which law."""

    category: str
    years: int
    basis: str

    @property
    def text(self) -> str:
        return f"{self.category}: {self.basis}, {self.years} years"

    def until(self, since: datetime) -> datetime:
        """Return the day on which the person may be forgotten: never a day too early, so 29 February ends on 1 March."""
        since = since.astimezone(UTC)
        try:
            return since.replace(year=since.year + self.years)
        except ValueError:
            return since.replace(year=since.year + self.years, month=3, day=1)


def retain_until(rules: Sequence[RetentionRule], since: datetime) -> datetime | None:
    """Return the date of the rule that holds longest."""
    return max((rule.until(since) for rule in rules), default=None)
