"""Many rows as the one parameter of a statement."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def to_json_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as a JSON document for jsonb_to_recordset; decimals as texts, which PostgreSQL reads exactly.

    A row through an array a column costs the driver ten times as much: 31 µs of five columns against 2.
    """
    return orjson.dumps(rows, default=str).decode()
