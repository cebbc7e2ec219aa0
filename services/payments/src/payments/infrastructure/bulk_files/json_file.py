"""Bulk files as JSON: {"source_wallet_id", "currency", "mode", "lines": [{"target_wallet_id", "amount", …}]}."""

from typing import Any, Final

from chassis.strict_json import MalformedJsonError
from chassis.strict_json import read_json as parse
from kernel.errors import Fault, InvalidValues
from payments.application.ports.bulk_transfers import FileDefaults
from payments.domain.bulk_file import LINES_MAX, Faults, RawFile, RawLine

_FILE: Final = frozenset({"source_wallet_id", "currency", "mode", "lines", "label", "dry_run"})
_LINE: Final = {"target_wallet_id": "target", "amount": "amount", "description": "description", "reference": "reference"}
_NEEDED: Final = frozenset({"target_wallet_id", "amount"})


def read_json(body: bytes, given: FileDefaults) -> RawFile:
    """Parse a file. Values in the body take precedence over those of the request. Raise InvalidValues."""
    try:
        found = parse(body)
    except MalformedJsonError as error:
        raise InvalidValues([Fault(".".join(error.path) or "body", str(error))]) from None
    if not isinstance(found, dict):
        raise InvalidValues([Fault("body", "An object with lines is expected.")])
    faults = Faults()
    for name in found.keys() - _FILE:
        faults.add(name, "Unknown field")
    texts = {name: _text(found.get(name, ""), name, faults) for name in ("source_wallet_id", "currency", "mode", "label")}
    dry_run = found.get("dry_run", False)
    if not isinstance(dry_run, bool):
        faults.add("dry_run", "true or false is expected.")
    lines = found.get("lines")
    if not isinstance(lines, list) or not 1 <= len(lines) <= LINES_MAX:
        faults.add("lines", f"1 to {LINES_MAX} lines")
    faults.require_none()
    raw = [_line(f"lines.{index}", line, faults) for index, line in enumerate(lines or ())]
    faults.require_none()
    return RawFile(
        source=texts["source_wallet_id"] or given.source,
        currency=texts["currency"] or given.currency,
        mode=texts["mode"] or given.mode,
        label=texts["label"],
        lines=raw,
        dry_run=dry_run,
    )


def _line(place: str, line: Any, faults: Faults) -> RawLine:
    if not isinstance(line, dict):
        faults.add(place, "An object is expected.")
        return RawLine(place=place, target="", amount="")
    if not _NEEDED <= line.keys() <= _LINE.keys():
        for name in _NEEDED - line.keys():
            faults.add(f"{place}.{name}", "Field required")
        for name in line.keys() - _LINE.keys():
            faults.add(f"{place}.{name}", "Unknown field")
    values = {_LINE[name]: _text(value, f"{place}.{name}", faults) for name, value in line.items() if name in _LINE}
    return RawLine(place=place, target=values.pop("target", ""), amount=values.pop("amount", ""), **values)


def _text(value: Any, field: str, faults: Faults) -> str:
    if isinstance(value, str):
        return value
    # Refuse numbers: they would have been parsed as floats.
    faults.add(field, "A text is expected.")
    return ""
