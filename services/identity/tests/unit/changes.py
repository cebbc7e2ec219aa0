"""Compare an aggregate before and after one of its methods."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

BEFORE = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
AT = BEFORE + timedelta(hours=1)
ID, OTHER, DEVICE_ID = (UUID(int=number) for number in (1, 2, 3))


def state(of: object) -> dict[str, Any]:
    return {name: value for name, value in vars(of).items() if not name.startswith("_")}


def compare(made: Any, verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    before = state(made)
    verb(made)
    assert state(made) == {**before, **changes}
