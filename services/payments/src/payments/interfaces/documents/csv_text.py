"""Write CSV whose cells spreadsheets do not run as formulas."""

from datetime import UTC, datetime
from typing import Final

# Spreadsheets run a cell that begins with one of these as a formula (OWASP: CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Lines:
    """The output of a `csv.writer`. `take` returns and clears what was written since the last call."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def write(self, text: str) -> int:
        self._texts.append(text)
        return len(text)

    def take(self) -> bytes:
        taken, self._texts = self._texts, []
        return "".join(taken).encode()


def safe(text: str) -> str:
    """Escape user input so that a spreadsheet shows it as text and does not evaluate it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def time_text(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, as the REST interface writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
