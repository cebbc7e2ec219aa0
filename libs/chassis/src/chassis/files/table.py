"""A table: its columns, described once for all formats, and its rows in batches."""

from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class ColumnType(Enum):
    """`ID` (a UUID) and `CODE` are text from the platform; `TEXT` is any other text, and never becomes a formula.

    `AMOUNT` and `RATE` are Decimals, `TIME` is a datetime with its zone, `DATE` a date, `FLAG` a bool.
    """

    ID = auto()
    CODE = auto()
    TEXT = auto()
    AMOUNT = auto()
    RATE = auto()
    INTEGER = auto()
    FLAG = auto()
    TIME = auto()
    DATE = auto()


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """`value` reads the cell from a row, None for an empty cell; `currency` reads the currency code of an amount."""

    name: str
    type: ColumnType
    value: Callable[[Row], Any]
    currency: Callable[[Row], Any] | None = None

    def __post_init__(self) -> None:
        if (self.type is ColumnType.AMOUNT) != (self.currency is not None):
            raise TypeError(f"{self.name}: an amount has a currency, and nothing else has")


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """`name` is the name of the sheet. Each batch is released before the next is read."""

    name: str
    columns: Sequence[Column[Row]]
    batches: AsyncIterable[Sequence[Row]]
