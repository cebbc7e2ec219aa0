"""Writing CSV that spreadsheets open without running it."""

from datetime import UTC, datetime
from typing import Final

# A cell that begins so is a formula to a spreadsheet (OWASP: CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Lines:
    """Where `csv.writer` writes; `take` gives what was written since, and forgets it."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def write(self, text: str) -> int:
        self._texts.append(text)
        return len(text)

    def take(self) -> bytes:
        taken, self._texts = self._texts, []
        return "".join(taken).encode()


def safe(text: str) -> str:
    """Return somebody's words so that a spreadsheet shows them and does not calculate them."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def time_text(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, as the REST interface writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
