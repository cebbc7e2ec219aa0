"""The columns of an export of transfers: the same in every format, with the names of the REST interface."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from operator import attrgetter
from typing import Any, Final

from payments.application.statements.views import Movement


class ColumnType(Enum):
    """`ID` and `CODE` are text from the platform, `WORDS` is text from users."""

    ID = auto()
    CODE = auto()
    WORDS = auto()
    AMOUNT = auto()
    RATE = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """`value` reads the cell from a movement; `currency` reads the currency of an amount."""

    name: str
    type: ColumnType
    value: Callable[[Movement], Any]
    currency: Callable[[Movement], Any] = field(default=attrgetter("transfer.order.amount.currency.code"))


def _of_transfer(name: str, type_: ColumnType, attribute: str = "") -> Column:
    return Column(name, type_, attrgetter(f"transfer.{attribute or name}"))


def _target_amount(movement: Movement) -> Decimal | None:
    conversion = movement.transfer.quote.conversion
    return conversion.target.amount if conversion else None


def _rate(movement: Movement) -> Decimal | None:
    conversion = movement.transfer.quote.conversion
    return conversion.rate if conversion else None


# `moved` is the change of the wallet's balance, `fee` is the part of it that is fees; both in the wallet's `moved_currency`.
COLUMNS: Final = (
    _of_transfer("id", ColumnType.ID),
    _of_transfer("kind", ColumnType.CODE, "order.kind"),
    _of_transfer("status", ColumnType.CODE),
    Column("wallet_id", ColumnType.ID, attrgetter("wallet_id")),
    Column("direction", ColumnType.CODE, attrgetter("direction.value")),
    Column("moved", ColumnType.AMOUNT, attrgetter("moved"), attrgetter("currency")),
    Column("moved_currency", ColumnType.CODE, attrgetter("currency")),
    Column("fee", ColumnType.AMOUNT, attrgetter("fee"), attrgetter("currency")),
    _of_transfer("source_wallet_id", ColumnType.ID, "order.source_id"),
    _of_transfer("target_wallet_id", ColumnType.ID, "order.target_id"),
    _of_transfer("amount", ColumnType.AMOUNT, "order.amount.amount"),
    _of_transfer("currency", ColumnType.CODE, "order.amount.currency.code"),
    _of_transfer("fee_total", ColumnType.AMOUNT, "quote.fee_total.amount"),
    _of_transfer("held_amount", ColumnType.AMOUNT, "held"),
    _of_transfer("captured_amount", ColumnType.AMOUNT, "captured"),
    _of_transfer("refunded_amount", ColumnType.AMOUNT, "refunded"),
    Column("target_amount", ColumnType.AMOUNT, _target_amount, attrgetter("transfer.order.target_currency")),
    _of_transfer("target_currency", ColumnType.CODE, "order.target_currency"),
    Column("rate", ColumnType.RATE, _rate),
    _of_transfer("parent_id", ColumnType.ID, "order.parent_id"),
    _of_transfer("link_id", ColumnType.ID, "order.link_id"),
    _of_transfer("reference", ColumnType.WORDS, "order.reference"),
    _of_transfer("description", ColumnType.WORDS, "order.description"),
    _of_transfer("initiator_id", ColumnType.ID, "order.initiator_id"),
    _of_transfer("created_at", ColumnType.TIME),
    _of_transfer("settled_at", ColumnType.TIME),
    _of_transfer("expires_at", ColumnType.TIME),
    _of_transfer("closed_at", ColumnType.TIME),
)
