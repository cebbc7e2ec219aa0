"""The situations in which policies can decide differently: the values that they compare with, and those just beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from itertools import combinations, product
from math import prod
from typing import Final

from governance.domain.fact_values import is_value
from governance.domain.policy_case import SOMEBODY, THEIR_ORGANIZATION, USUAL
from governance.domain.policy_reading import Literal, PolicyReading
from governance.domain.template_parameters import WEEKDAYS
from governance.domain.vocabulary import FactType, Vocabulary

SITUATIONS_MAX: Final = 256
ALWAYS: Final = ("always",)
_VALUES_MAX: Final = 12
_TOGETHER: Final = (1, 2)
_ANOTHER: Final = "00000000-0000-4000-8000-0000000000ff"
_OTHER_TEXT: Final = "other"
_STEP: Final = Decimal("0.01")
_DECIMAL_MAX: Final = Decimal("922337203685477.5807")
_EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
# Requests in a session are compared: what is planned was judged when it was ordered.
_FIXED: Final = frozenset({"interactive"})


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """Values of facts and attributes, and how a person reads them."""

    words: tuple[str, ...] = ()
    environment: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Value:
    place: str
    name: str
    value: object
    words: str


def situations(
    action: str, readings: Iterable[PolicyReading], vocabulary: Vocabulary, *, most: int = SITUATIONS_MAX
) -> tuple[Sequence[Situation], bool]:
    """Return the situations of an action that these policies tell apart, at most so many, and whether there are more."""
    compared = _compared(action, readings, vocabulary)
    all_values = [list(_values(name, literals, vocabulary, action)) for name, literals in sorted(compared.items())]
    number = prod(len(values) for values in all_values if values)
    dimensions = [values[:_VALUES_MAX] for values in all_values if values]
    found: list[Situation] = []
    for combined in product(*dimensions):
        if len(found) == most:
            break
        found.append(_situation(combined))
    return found, number > len(found)


def in_words(some: Sequence[Situation], of: Sequence[Situation]) -> tuple[str, ...]:
    """Describe some of the situations as shortly as possible: "on Sunday" if it is so on every Sunday, whatever else is."""
    if len(some) == len(of):
        return ALWAYS
    wanted, all_words = {each.words for each in some}, [each.words for each in of]
    rest, found = set(wanted), list[str]()
    for size in _TOGETHER:
        for chosen in _combinations(some, size):
            having = {words for words in all_words if chosen <= {*enumerate(words)}}
            if having <= wanted and not having.isdisjoint(rest):
                found.append(", ".join(word for _, word in sorted(chosen)))
                rest -= having
    return (*found, *(", ".join(words) for words in all_words if words in rest))


def _combinations(some: Sequence[Situation], size: int) -> Iterable[frozenset[tuple[int, str]]]:
    """Return the combinations of so many words, each word with its position, by position and in the order of the situations."""
    chosen = dict.fromkeys(combined for each in some for combined in combinations(enumerate(each.words), size))
    return [frozenset(each) for each in sorted(chosen, key=lambda each: [position for position, _ in each])]


def _compared(action: str, readings: Iterable[PolicyReading], vocabulary: Vocabulary) -> Mapping[str, tuple[Literal, ...]]:
    """Collect what the policies read about the action, with the values that they compare it with."""
    known = vocabulary.facts_about(action)
    found: dict[str, set[Literal]] = {}
    for reading in readings:
        if action not in reading.actions:
            continue
        for name in (reading.facts & known.keys()) - _FIXED:
            found.setdefault(f"context.{name}", set()).update(reading.compared.get(f"context.{name}", ()))
        for name in reading.attributes & {*vocabulary.attributes_of(action)}:
            found.setdefault(f"resource.{name}", set()).update(reading.compared.get(f"resource.{name}", ()))
    return {name: tuple(sorted(literals, key=str)) for name, literals in found.items()}


def _values(path: str, literals: tuple[Literal, ...], vocabulary: Vocabulary, action: str) -> Iterator[_Value]:
    where, _, name = path.partition(".")
    if where == "resource":
        yield from _attribute(name, literals)
        return
    fact = vocabulary.facts_about(action)[name]
    place = "environment" if name in vocabulary.environment else "facts"
    match fact.type:
        case FactType.BOOLEAN:
            values: Iterable[object] = (True, False)
        case FactType.NUMBER:
            values = _numbers(name, [each for each in literals if isinstance(each, int)])
        case FactType.DECIMAL:
            values = _amounts([str(each) for each in literals])
        case FactType.IP_ADDRESS:
            values = _addresses([str(each) for each in literals])
        case FactType.TIME:
            values = _times([str(each) for each in literals])
        case FactType.TEXTS:
            values = [[each] for each in literals]
        case FactType.TEXT:
            values = (*literals, _OTHER_TEXT)
    for value in values:
        yield _Value(place, name, value, _in_words(name, value))


def _attribute(name: str, literals: tuple[Literal, ...]) -> Iterator[_Value]:
    if name == "owner":
        yield _Value("attributes", name, SOMEBODY, "their own")
        yield _Value("attributes", name, THEIR_ORGANIZATION, "their organization's")
        yield _Value("attributes", name, _ANOTHER, "that of another")
    elif name == "organization":
        yield _Value("attributes", name, THEIR_ORGANIZATION, "of the organization they act for")
        yield _Value("attributes", name, _ANOTHER, "of another organization")
    elif name not in {"type", "id", "teams"}:
        for each in literals:
            yield _Value("attributes", name, each, f"{name} {each}")
    yield _Value("", name, None, f"without {name}")


def _numbers(name: str, literals: Sequence[int]) -> Sequence[int]:
    if name == "weekday":
        return range(1, 8)
    most = 1439 if name == "minute_of_day" else None
    beside = {value for literal in literals for value in (literal - 1, literal)}
    usual = USUAL.get(name)
    if isinstance(usual, int):
        beside.add(usual)
    return sorted(value for value in beside if value >= 0 and (most is None or value <= most))


def _amounts(literals: Sequence[str]) -> Sequence[str]:
    known = [Decimal(each) for each in literals if is_value(FactType.DECIMAL, each)]
    beside = {value for each in known for value in (each, each + _STEP) if abs(value) <= _DECIMAL_MAX}
    return [f"{value:f}" for value in sorted(beside)]


def _addresses(literals: Sequence[str]) -> Sequence[object]:
    known = [each for each in literals if is_value(FactType.IP_ADDRESS, each.partition("/")[0])]
    inside = [str(ip_network(each, strict=False).network_address) for each in known]
    return [*inside, USUAL["ip"]]


def _times(literals: Sequence[str]) -> Sequence[str]:
    found = set[datetime]()
    for each in literals:
        try:
            at = datetime.fromisoformat(each)
        except ValueError:
            continue
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at > _EARLIEST:
            found |= {at, at - timedelta(minutes=1)}
    return [f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:00Z}" for at in sorted(found)]


def _in_words(name: str, value: object) -> str:
    if name == "minute_of_day" and isinstance(value, int):
        return f"at {value // 60:02}:{value % 60:02}"
    if name == "weekday" and isinstance(value, int):
        return f"on {WEEKDAYS[value - 1].capitalize()}"
    if name == "minutes_since_sign_in":
        return f"{value} minutes after signing in"
    if name == "ip":
        return f"from {value}"
    if isinstance(value, bool):
        words = _YES_NO.get(name, (name, f"not {name}"))
        return words[0] if value else words[1]
    return f"{name} {value}"


_YES_NO: Final = {
    "public_holiday": ("on a public holiday", "on no public holiday"),
    "two_factors": ("with two factors", "with one factor"),
    "interactive": ("in a session", "planned before"),
}


def _situation(values: Sequence[_Value]) -> Situation:
    parts: dict[str, dict[str, object]] = {"environment": {}, "facts": {}, "attributes": {}}
    for each in values:
        if each.place:
            parts[each.place][each.name] = each.value
    return Situation(tuple(each.words for each in values), **parts)
