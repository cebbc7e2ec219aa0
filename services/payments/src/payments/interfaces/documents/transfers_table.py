"""An export of transfers as a table, with the column names of the REST interface."""

from collections.abc import AsyncIterable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from chassis.files import Column, ColumnType, Table
from payments.application.statements.views import Movement


def transfers_table(batches: AsyncIterable[Sequence[Movement]]) -> Table[Movement]:
    return Table("transfers", COLUMNS, batches)


def _of_transfer(name: str, type_: ColumnType, attribute: str = "") -> Column[Movement]:
    return Column(name, type_, attrgetter(f"transfer.{attribute or name}"))


def _amount(name: str, attribute: str = "", *, currency: str = "transfer.order.amount.currency.code") -> Column[Movement]:
    return Column(name, ColumnType.AMOUNT, attrgetter(attribute or name), attrgetter(currency))


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
    _amount("moved", currency="currency"),
    Column("moved_currency", ColumnType.CODE, attrgetter("currency")),
    _amount("fee", currency="currency"),
    _of_transfer("source_wallet_id", ColumnType.ID, "order.source_id"),
    _of_transfer("target_wallet_id", ColumnType.ID, "order.target_id"),
    _amount("amount", "transfer.order.amount.amount"),
    _of_transfer("currency", ColumnType.CODE, "order.amount.currency.code"),
    _amount("fee_total", "transfer.quote.fee_total.amount"),
    _amount("held_amount", "transfer.held"),
    _amount("captured_amount", "transfer.captured"),
    _amount("refunded_amount", "transfer.refunded"),
    Column("target_amount", ColumnType.AMOUNT, _target_amount, attrgetter("transfer.order.target_currency")),
    _of_transfer("target_currency", ColumnType.CODE, "order.target_currency"),
    Column("rate", ColumnType.RATE, _rate),
    _of_transfer("parent_id", ColumnType.ID, "order.parent_id"),
    _of_transfer("link_id", ColumnType.ID, "order.link_id"),
    _of_transfer("reference", ColumnType.TEXT, "order.reference"),
    _of_transfer("description", ColumnType.TEXT, "order.description"),
    _of_transfer("initiator_id", ColumnType.ID, "order.initiator_id"),
    _of_transfer("created_at", ColumnType.TIME),
    _of_transfer("settled_at", ColumnType.TIME),
    _of_transfer("expires_at", ColumnType.TIME),
    _of_transfer("closed_at", ColumnType.TIME),
)
