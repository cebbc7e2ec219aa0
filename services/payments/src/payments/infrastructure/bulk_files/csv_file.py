"""Bulk files as CSV (RFC 4180), with a header line that names the columns."""

import csv
import io
from typing import TYPE_CHECKING, Final

from kernel.errors import Fault, InvalidValues
from payments.application.ports.bulk_transfers import FileDefaults
from payments.domain.bulk_file import LINES_MAX, Faults, RawFile, RawLine

if TYPE_CHECKING:
    from _csv import Reader as Rows

_NEEDED: Final = frozenset({"target_wallet_id", "amount"})
_KNOWN: Final = _NEEDED | {"currency", "description", "reference"}
# An unclosed quote must not turn the whole file into one cell.
_CELL_LENGTH_MAX: Final = 1000


def read_csv(body: bytes, given: FileDefaults) -> RawFile:
    """Parse a file. Payer, currency and mode come from the request. Raise InvalidValues."""
    try:
        # Spreadsheets write a byte order mark.
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValues([Fault("body", "The file is not UTF-8.")]) from None
    csv.field_size_limit(_CELL_LENGTH_MAX)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _require_header(header)
        lines = _lines(rows, header)
    except csv.Error as error:
        raise InvalidValues([Fault(f"line {rows.line_num}", f"Not CSV: {error}")]) from None
    return RawFile(source=given.source, currency=given.currency, mode=given.mode, lines=lines)


def _require_header(header: list[str]) -> None:
    faults = Faults()
    for name in sorted(_NEEDED - set(header)):
        faults.add("line 1", f"The column {name} is missing.")
    for name in sorted(set(header) - _KNOWN):
        faults.add("line 1", f"Unknown column {name[:40]!r}")
    if len(set(header)) < len(header):
        faults.add("line 1", "A column is named twice.")
    faults.require_none()


def _lines(rows: "Rows", header: list[str]) -> list[RawLine]:
    lines: list[RawLine] = []
    faults = Faults()
    for row in rows:
        if not row:
            continue
        place = f"line {rows.line_num}"
        if len(row) != len(header):
            faults.add(place, f"The row has {len(row)} cells; the header has {len(header)}.")
            continue
        cells = dict(zip(header, row, strict=True))
        lines.append(
            RawLine(
                place=place,
                target=cells["target_wallet_id"].strip(),
                amount=cells["amount"].strip(),
                currency=cells.get("currency", "").strip(),
                description=cells.get("description", ""),
                reference=cells.get("reference", ""),
            )
        )
        if len(lines) > LINES_MAX:
            faults.add("body", f"1 to {LINES_MAX} lines")
            break
    faults.require_none()
    return lines
