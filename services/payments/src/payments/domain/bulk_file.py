"""The content of a bulk file: one payer and many lines, each parsed into an order or reported with its faults."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from kernel.errors import DomainError, Fault, InvalidValues
from kernel.money import Currency, Money
from kernel.texts import read_line

ReadT = TypeVar("ReadT")

LINES_MAX: Final = 10_000
# Faults in one response. If a file has more, the rest would add little.
FAULTS_MAX: Final = 100
DESCRIPTION_LENGTH_MAX: Final = 140
REFERENCE_LENGTH_MAX: Final = 64
_QUOTED_LENGTH_MAX: Final = 40


class BulkMode(StrEnum):
    """`all_or_nothing`: all lines are settled together, or none. `best_effort`: each line by itself."""

    ALL_OR_NOTHING = "all_or_nothing"
    BEST_EFFORT = "best_effort"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """A line as text from the file. `place` tells the sender where it is: "lines.3", "line 4"."""

    place: str
    target: str
    amount: str
    currency: str = ""
    description: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A file as text. `label` is the sender's name for it, such as a message id of ISO 20022.

    `dry_run`: the file requests a dry run, if its format can.
    """

    source: str
    currency: str
    mode: str
    lines: Sequence[RawLine]
    label: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLine:
    """One payment. `number` counts from 1 and identifies the line permanently."""

    number: int
    target_id: UUID
    amount: Money
    description: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkFile:
    source_id: UUID
    currency: str
    mode: BulkMode
    lines: tuple[BulkLine, ...]
    label: str = ""
    dry_run: bool = False

    @classmethod
    def read(cls, raw: RawFile) -> "BulkFile":
        """Parse a whole file. Raise InvalidValues with at most FAULTS_MAX faults, in the order of the lines."""
        faults = Faults()
        source_id = faults.read("source_wallet_id", _id, raw.source)
        currency = faults.read("currency", _currency, raw.currency)
        mode = faults.read("mode", _mode, raw.mode)
        label = faults.read("label", read_line, raw.label)
        if not 1 <= len(raw.lines) <= LINES_MAX:
            faults.add("lines", f"1 to {LINES_MAX} lines")
        faults.require_none()
        # All four are present, or require_none would have raised.
        if source_id is None or currency is None or mode is None or label is None:
            raise RuntimeError("read, and absent")
        lines = [
            _line(number, line, source_id=source_id, currency=currency, faults=faults) for number, line in enumerate(raw.lines, 1)
        ]
        faults.require_none()
        read = tuple(line for line in lines if line)
        return cls(
            source_id=source_id,
            currency=currency,
            mode=mode,
            lines=read,
            label=label[:DESCRIPTION_LENGTH_MAX],
            dry_run=raw.dry_run,
        )

    @property
    def total(self) -> Money:
        """The sum of all lines. Raises InvalidAmount if it is larger than an amount can be."""
        return Money.of(sum(line.amount.amount for line in self.lines), self.currency, field="lines")

    @property
    def target_ids(self) -> set[UUID]:
        return {line.target_id for line in self.lines}


class Faults:
    """Collects faults, so that one response reports all of them."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._count = 0

    def add(self, field: str, message: str) -> None:
        self._count += 1
        if len(self._found) < FAULTS_MAX:
            self._found.append(Fault(field, message))

    def read(self, field: str, parse: Callable[[str], ReadT], text: str) -> ReadT | None:
        """Return the parsed text. If it is invalid, record the fault and return None."""
        try:
            return parse(text)
        except (ValueError, DomainError) as wrong:
            self.add(field, wrong.message if isinstance(wrong, DomainError) else str(wrong))
            return None

    def require_none(self) -> None:
        """Raise InvalidValues if there are faults."""
        if self._found:
            raise InvalidValues(self._found, count=self._count)


def chunks_of(lines: Sequence[BulkLine], size: int) -> Iterator[Sequence[BulkLine]]:
    """Split a file into the chunks in which it runs."""
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


def _line(number: int, raw: RawLine, *, source_id: UUID, currency: str, faults: Faults) -> BulkLine | None:
    place = raw.place
    target_id = faults.read(f"{place}.target_wallet_id", _id, raw.target)
    amount = faults.read(f"{place}.amount", lambda text: _amount(text, currency), raw.amount)
    if target_id == source_id:
        faults.add(f"{place}.target_wallet_id", "A wallet cannot pay itself.")
    if raw.currency and raw.currency != currency:
        faults.add(f"{place}.currency", f"{_quoted(raw.currency)} differs from the file's currency {currency}.")
    description = faults.read(f"{place}.description", lambda text: _text(text, DESCRIPTION_LENGTH_MAX), raw.description)
    reference = faults.read(f"{place}.reference", lambda text: _text(text, REFERENCE_LENGTH_MAX), raw.reference)
    if target_id is None or amount is None or description is None or reference is None:
        return None
    return BulkLine(number=number, target_id=target_id, amount=amount, description=description, reference=reference)


def _text(text: str, length_max: int) -> str:
    """Normalise a text as the API does: one line, in NFC, at most `length_max` characters."""
    read = read_line(text)
    if len(read) > length_max:
        raise ValueError(f"At most {length_max} characters")
    return read


def _id(text: str) -> UUID:
    # UUID() also accepts braces, "urn:uuid:" and hyphens anywhere; accept a wallet id only with its four hyphens or without any.
    try:
        found = UUID(text)
    except ValueError:
        raise ValueError(f"{_quoted(text)} is not a wallet's id") from None
    if text.lower() not in {str(found), found.hex}:
        raise ValueError(f"{_quoted(text)} is not a wallet's id")
    return found


def _amount(text: str, currency: str) -> Money:
    amount = Money.of(text, currency)
    if not amount.is_positive:
        raise ValueError("The amount must be greater than zero.")
    return amount


def _currency(text: str) -> str:
    return Currency.of(text).code


def _mode(text: str) -> BulkMode:
    try:
        return BulkMode(text)
    except ValueError:
        raise ValueError(f"One of {', '.join(BulkMode)}") from None


def _quoted(text: str) -> str:
    return repr(text[:_QUOTED_LENGTH_MAX])
