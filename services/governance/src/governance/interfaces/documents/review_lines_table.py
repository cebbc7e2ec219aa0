"""Lines of access reviews as a table, with the field names of the REST interface."""

from collections.abc import AsyncIterable, Sequence
from operator import attrgetter
from typing import Final

from chassis.files import Column, ColumnType, Table
from governance.application.access_reviews.views import ReviewLineView


def review_lines_table(batches: AsyncIterable[Sequence[ReviewLineView]]) -> Table[ReviewLineView]:
    return Table("access review", COLUMNS, batches)


def _column(name: str, type_: ColumnType) -> Column[ReviewLineView]:
    return Column(name, type_, attrgetter(name))


def _managers(line: ReviewLineView) -> str:
    return " ".join(str(manager) for manager in line.managers)


COLUMNS: Final[Sequence[Column[ReviewLineView]]] = (
    _column("number", ColumnType.INTEGER),
    _column("subject_id", ColumnType.ID),
    _column("role", ColumnType.CODE),
    _column("role_title", ColumnType.TEXT),
    _column("role_description", ColumnType.TEXT),
    _column("organization_id", ColumnType.ID),
    _column("team_id", ColumnType.ID),
    _column("starts_at", ColumnType.TIME),
    _column("ends_at", ColumnType.TIME),
    _column("granted_by", ColumnType.CODE),
    _column("granted_at", ColumnType.TIME),
    _column("grant_reason", ColumnType.TEXT),
    Column("managers", ColumnType.CODE, _managers),
    _column("outcome", ColumnType.CODE),
    _column("decided_by", ColumnType.CODE),
    _column("decided_at", ColumnType.TIME),
    _column("capacity", ColumnType.CODE),
    _column("reason", ColumnType.TEXT),
    _column("assignment_id", ColumnType.ID),
)
