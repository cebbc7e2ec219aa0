"""Days that were declared closed or open after the calendar was released."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chassis.process_settings import SettingRefused

DAYS_MAX: Final = 1000
EXAMPLE: Final = '{"2026-12-11": {"open": false, "name": "Day of national mourning"}}'


class DayOverride(BaseModel):
    """One declared day. The President may declare a public holiday by proclamation: Public Holidays Act 26 of 1990, 1(3)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    open: bool
    name: Annotated[str, Field(min_length=1, max_length=100)]


DayOverrides = Annotated[dict[date, DayOverride], Field(max_length=DAYS_MAX)]
_FILE: Final[TypeAdapter[dict[date, DayOverride]]] = TypeAdapter(DayOverrides)


def read_day_overrides(file: Path) -> Mapping[date, DayOverride]:
    """Read the overrides in a file. Raises SettingRefused, which says what is wrong with it."""
    try:
        return _FILE.validate_json(file.read_bytes())
    except OSError as error:
        raise SettingRefused(f"ELCORP_DAY_OVERRIDES_FILE: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingRefused(
            f"ELCORP_DAY_OVERRIDES_FILE: {file} must hold JSON such as {EXAMPLE}; {place or 'it'}: {first['msg']}"
        ) from None
