"""The columns of an export of transfers, alike in every format, under the names that the REST interface uses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from operator import attrgetter
from typing import Any, Final

from payments.application.statements.views import Movement


class ColumnType(Enum):
    """`ID` and `CODE` are the platform's own text, `WORDS` what somebody wrote."""

    ID = auto()
    CODE = auto()
    WORDS = auto()
    AMOUNT = auto()
    RATE = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """`value` reads it of a movement, `currency` the currency that an amount is in."""

    name: str
    type: ColumnType
    value: Callable[[Movement], Any]
    currency: Callable[[Movement], Any] = field(default=attrgetter("transfer.currency"))


def _of_transfer(name: str, type_: ColumnType, attribute: str = "", currency: str = "currency") -> Column:
    return Column(name, type_, attrgetter(f"transfer.{attribute or name}"), attrgetter(f"transfer.{currency}"))


# `moved` is the change of the wallet's balance, `fee` the part of it that is fees; both in `moved_currency`, the wallet's.
COLUMNS: Final = (
    _of_transfer("id", ColumnType.ID),
    _of_transfer("kind", ColumnType.CODE),
    _of_transfer("status", ColumnType.CODE),
    Column("wallet_id", ColumnType.ID, attrgetter("wallet_id")),
    Column("direction", ColumnType.CODE, attrgetter("direction.value")),
    Column("moved", ColumnType.AMOUNT, attrgetter("moved"), attrgetter("currency")),
    Column("moved_currency", ColumnType.CODE, attrgetter("currency")),
    Column("fee", ColumnType.AMOUNT, attrgetter("fee"), attrgetter("currency")),
    _of_transfer("source_wallet_id", ColumnType.ID, "source_id"),
    _of_transfer("target_wallet_id", ColumnType.ID, "target_id"),
    _of_transfer("amount", ColumnType.AMOUNT),
    _of_transfer("currency", ColumnType.CODE),
    _of_transfer("fee_total", ColumnType.AMOUNT),
    _of_transfer("held_amount", ColumnType.AMOUNT, "held"),
    _of_transfer("captured_amount", ColumnType.AMOUNT, "captured"),
    _of_transfer("refunded_amount", ColumnType.AMOUNT, "refunded"),
    _of_transfer("target_amount", ColumnType.AMOUNT, currency="target_currency"),
    _of_transfer("target_currency", ColumnType.CODE),
    _of_transfer("rate", ColumnType.RATE),
    _of_transfer("parent_id", ColumnType.ID),
    _of_transfer("link_id", ColumnType.ID),
    _of_transfer("reference", ColumnType.WORDS),
    _of_transfer("description", ColumnType.WORDS),
    _of_transfer("initiator_id", ColumnType.ID),
    _of_transfer("created_at", ColumnType.TIME),
    _of_transfer("settled_at", ColumnType.TIME),
    _of_transfer("expires_at", ColumnType.TIME),
    _of_transfer("closed_at", ColumnType.TIME),
)
