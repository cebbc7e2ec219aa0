"""The values that a person fills in a policy template. Each is read or refused with its place."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from ipaddress import IPv6Network, ip_network
from typing import Any, Final

from governance.domain.role import PERMISSION_NAME, ROLE_NAME
from kernel.errors import Fault, InvalidValues
from kernel.money import CURRENCIES

ITEMS_MAX: Final = 20
# Cedar's decimal has four digits after the point, and 64 bits.
AMOUNT_MAX: Final = Decimal(100000000000000)
AMOUNT_DIGITS_MAX: Final = 4
AMOUNT_LENGTH_MAX: Final = 30
MINUTES_MAX: Final = 1440
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)

Parameters = Mapping[str, Any]


class _Refused(ValueError):
    """What was expected instead."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value. `kind` says how a form asks for it; `read` returns it, or raises _Refused."""

    name: str
    kind: str
    description: str
    example: object
    read: Callable[[object], object]
    default: object = None
    is_required: bool = True


def read_parameters(declared: Sequence[Parameter], given: Mapping[str, object]) -> dict[str, Any]:
    """Return the values by name. Raise InvalidValues, which names the place of each fault."""
    faults = [
        Fault(f"parameters.{name}", f"The template has no such parameter; it has {', '.join(one.name for one in declared)}.")
        for name in sorted(given.keys() - {one.name for one in declared})
    ]
    values: dict[str, Any] = {}
    for one in declared:
        if given.get(one.name) is None:
            if one.is_required:
                faults.append(Fault(f"parameters.{one.name}", f"Required: {one.description}"))
            values[one.name] = one.default
            continue
        try:
            values[one.name] = one.read(given[one.name])
        except _Refused as refused:
            faults.append(Fault(f"parameters.{one.name}", f"Expected {refused}."))
    if faults:
        raise InvalidValues(faults)
    return values


def permissions(name: str, description: str, example: Sequence[str]) -> Parameter:
    return Parameter(
        name, "permissions", description, list(example), _names(PERMISSION_NAME, "permissions such as payment:approve")
    )


def roles(name: str, description: str, example: Sequence[str], *, is_required: bool = False) -> Parameter:
    read = _names(ROLE_NAME, "names of roles")
    return Parameter(name, "roles", description, list(example), read, default=(), is_required=is_required)


def words(name: str, description: str, example: Sequence[str]) -> Parameter:
    return Parameter(name, "words", description, list(example), _names(_WORD, "words of lower-case letters, digits, _ and -"))


def time_of_day(name: str, description: str, example: str) -> Parameter:
    """Read "HH:MM" as minutes since midnight."""

    def read(given: object) -> int:
        if not (isinstance(given, str) and (found := _TIME.fullmatch(given))):
            raise _Refused("a time from 00:00 to 23:59")
        return int(found[1]) * 60 + int(found[2])

    return Parameter(name, "time", description, example, read)


def weekdays(name: str, description: str) -> Parameter:
    """Read names of days as numbers: 1 is Monday."""

    def read(given: object) -> tuple[int, ...]:
        found = [str(day) for day in _list(given)]
        if not found or not set(found) <= set(WEEKDAYS):
            raise _Refused(f"days, of {', '.join(WEEKDAYS)}")
        return tuple(sorted({WEEKDAYS.index(day) + 1 for day in found}))

    return Parameter(name, "weekdays", description, list(WEEKDAYS[:5]), read, default=(1, 2, 3, 4, 5), is_required=False)


def flag(name: str, description: str, *, default: bool) -> Parameter:
    def read(given: object) -> bool:
        if not isinstance(given, bool):
            raise _Refused("true or false")
        return given

    return Parameter(name, "flag", description, default, read, default=default, is_required=False)


def minutes(name: str, description: str, example: int) -> Parameter:
    def read(given: object) -> int:
        if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= MINUTES_MAX:
            raise _Refused(f"whole minutes from 1 to {MINUTES_MAX}")
        return given

    return Parameter(name, "minutes", description, example, read)


def networks(name: str, description: str, example: Sequence[str]) -> Parameter:
    def read(given: object) -> tuple[str, ...]:
        found = _list(given)
        try:
            read = tuple(sorted({str(ip_network(str(each))) for each in found}))
        except ValueError as problem:
            raise _Refused(f"networks such as 10.0.0.0/8 or 2001:db8::/32 ({problem})") from None
        if not read:
            raise _Refused("one network at least")
        if any("%" in each for each in read):
            raise _Refused("networks without a zone: an address has one only on its own machine")
        if any(isinstance(each, IPv6Network) and each.network_address.ipv4_mapped for each in map(ip_network, read)):
            raise _Refused("networks of IPv4 in their own form, such as 10.0.0.0/8: no request has a mapped address")
        return read

    return Parameter(name, "networks", description, list(example), read)


def amount(name: str, description: str, example: str, *, is_required: bool = True) -> Parameter:
    """Read a decimal string."""

    def read(given: object) -> Decimal:
        expected = f"an amount as a string such as 10000.00, at most {AMOUNT_DIGITS_MAX} decimals, below {AMOUNT_MAX:f}"
        if not isinstance(given, str) or len(given) > AMOUNT_LENGTH_MAX:
            raise _Refused(expected)
        try:
            found = Decimal(given)
        except InvalidOperation:
            raise _Refused(expected) from None
        if not found.is_finite() or not 0 <= found < AMOUNT_MAX or found != round(found, AMOUNT_DIGITS_MAX):
            raise _Refused(expected)
        return round(found, AMOUNT_DIGITS_MAX)

    return Parameter(name, "amount", description, example, read, is_required=is_required)


def currency(name: str, description: str, *, is_required: bool = True) -> Parameter:
    def read(given: object) -> str:
        if not isinstance(given, str) or given not in CURRENCIES:
            raise _Refused(f"a currency, of {', '.join(sorted(CURRENCIES))}")
        return given

    return Parameter(name, "currency", description, "NAD", read, is_required=is_required)


def _names(pattern: re.Pattern[str], expected: str) -> Callable[[object], tuple[str, ...]]:
    def read(given: object) -> tuple[str, ...]:
        found = _list(given)
        if not found or not all(isinstance(each, str) and pattern.fullmatch(each) for each in found):
            raise _Refused(f"1 to {ITEMS_MAX} {expected}")
        return tuple(sorted({str(each) for each in found}))

    return read


def _list(given: object) -> list[object]:
    if not isinstance(given, list) or len(given) > ITEMS_MAX:
        raise _Refused(f"a list of at most {ITEMS_MAX}")
    return given
