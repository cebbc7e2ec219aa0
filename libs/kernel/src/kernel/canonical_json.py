"""One byte form for each JSON value, for digests and signatures."""

import json
from datetime import UTC, datetime


def canonical(value: object) -> bytes:
    """Write JSON with sorted names, no spaces and only ASCII, as the receipts of erasures do.

    Names must be ASCII, so that every language sorts them alike. Raise ValueError for other names, and for a value whose form is
    not exact: a float, or an object that JSON does not know. Write amounts, ids and times as strings.
    """
    _require_exact(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def instant_text(at: datetime) -> str:
    """Write an instant in UTC, such as "2026-03-21T08:00:00.25Z"; the same for every zone of one instant."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _require_exact(value: object) -> None:
    match value:
        case dict():
            if not all(isinstance(name, str) and name.isascii() for name in value):
                raise ValueError("a name in canonical JSON is ASCII text")
            for each in value.values():
                _require_exact(each)
        case list() | tuple():
            for each in value:
                _require_exact(each)
        case None | bool() | int() | str():
            return
        case _:
            raise ValueError(f"canonical JSON has no form for {type(value).__name__}")
