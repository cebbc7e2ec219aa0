"""The window of time in which an approval rule adds up what a payer sent."""

import re
from dataclasses import dataclass
from typing import Final, Self

from kernel.errors import InvalidValue

HOURS_MAX: Final = 744
# ASCII digits only, without leading zeros, so that each window has one text. The text is quoted in Cedar.
TEXT_PATTERN: Final = r"[1-9][0-9]{0,2}h"
_TEXT = re.compile(TEXT_PATTERN)


@dataclass(frozen=True, slots=True)
class Window:
    """A number of whole hours, from one hour to 31 days. Its text is for example "24h"."""

    hours: int

    def __post_init__(self) -> None:
        if not 1 <= self.hours <= HOURS_MAX:
            raise _invalid()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a window's text. Raise InvalidValue if it is not one."""
        if not _TEXT.fullmatch(text):
            raise _invalid()
        return cls(int(text[:-1]))

    @property
    def text(self) -> str:
        return f"{self.hours}h"


def _invalid() -> InvalidValue:
    return InvalidValue(field="window", expected=f"1h to {HOURS_MAX}h, in whole hours")
