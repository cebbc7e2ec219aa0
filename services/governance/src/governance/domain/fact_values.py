"""Plain values of facts, as callers write them in JSON."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from governance.domain.vocabulary import FactType

TEXT_LENGTH_MAX: Final = 200
TEXTS_MAX: Final = 50
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
# Cedar's decimal has four digits after the point and 64 bits, and its numbers have 64 bits; JSON's are exact up to 53.
_DECIMAL = re.compile(r"-?[0-9]{1,14}\.[0-9]{1,4}", re.ASCII)
_NUMBER_MAX: Final = 2**53


def is_value(of: FactType, value: object) -> bool:
    """Return whether a JSON value is one of a type: decimals, addresses and times are texts, times with an offset."""
    return _CHECKS[of](value)


def attribute_type(name: str) -> FactType:
    """Return the type of an attribute of resources."""
    return FactType.TEXTS if name == "teams" else FactType.TEXT


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LENGTH_MAX


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= TEXTS_MAX and all(map(_is_text, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _NUMBER_MAX


def _is_decimal(value: object) -> bool:
    return isinstance(value, str) and bool(_DECIMAL.fullmatch(value))


def _is_address(value: object) -> bool:
    try:
        # Cedar knows no zones.
        return isinstance(value, str) and "%" not in value and bool(ip_address(value))
    except ValueError:
        return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(_TIME.fullmatch(value)) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


_CHECKS: Final[Mapping[FactType, Callable[[object], bool]]] = {
    FactType.BOOLEAN: lambda value: isinstance(value, bool),
    FactType.NUMBER: _is_number,
    FactType.TEXT: _is_text,
    FactType.TEXTS: _is_texts,
    FactType.DECIMAL: _is_decimal,
    FactType.IP_ADDRESS: _is_address,
    FactType.TIME: _is_time,
}
