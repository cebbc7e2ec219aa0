"""Entries of the audit log as a table, with the field names of the REST interface."""

from collections.abc import AsyncIterable, Sequence
from operator import attrgetter
from typing import Final

from chassis.files import Column, ColumnType, Table
from compliance.domain.entry import LoggedEntry


def entries_table(batches: AsyncIterable[Sequence[LoggedEntry]]) -> Table[LoggedEntry]:
    return Table("audit entries", COLUMNS, batches)


def _of_entry(name: str, type_: ColumnType = ColumnType.TEXT) -> Column[LoggedEntry]:
    return Column(name, type_, attrgetter(f"entry.{name}"))


def _of_actor(name: str, type_: ColumnType = ColumnType.TEXT) -> Column[LoggedEntry]:
    return Column(f"actor_{name}", type_, attrgetter(f"entry.actor.{name}"))


def _methods(logged: LoggedEntry) -> str:
    return " ".join(logged.entry.actor.methods)


def _related_ids(logged: LoggedEntry) -> str:
    return " ".join(logged.entry.related_ids)


def _leaf_hash(logged: LoggedEntry) -> str:
    """Return the hash in hexadecimal: in base64, one of 64 would begin as a formula does."""
    return logged.hash.hex()


# Whatever a producer wrote is text: names of resources and programs may come from users. The states are JSON.
COLUMNS: Final[Sequence[Column[LoggedEntry]]] = (
    Column("sequence", ColumnType.INTEGER, attrgetter("sequence")),
    _of_entry("fact_id", ColumnType.ID),
    _of_entry("occurred_at", ColumnType.TIME),
    _of_entry("producer"),
    _of_entry("action"),
    _of_entry("organization_id", ColumnType.ID),
    _of_actor("kind"),
    _of_actor("subject_id"),
    _of_actor("session_id"),
    _of_actor("device_id"),
    _of_actor("ip"),
    _of_actor("user_agent"),
    _of_actor("request_id"),
    _of_actor("authenticated_at", ColumnType.TIME),
    Column("actor_methods", ColumnType.TEXT, _methods),
    _of_entry("resource_type"),
    _of_entry("resource_id"),
    _of_entry("before"),
    _of_entry("after"),
    _of_entry("reason"),
    Column("related_ids", ColumnType.TEXT, _related_ids),
    Column("leaf_hash", ColumnType.CODE, _leaf_hash),
)
