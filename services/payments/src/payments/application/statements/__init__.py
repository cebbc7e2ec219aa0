"""Statements and exports: the table of contents."""

from dataclasses import dataclass

from payments.application.statements.export_transfers import ExportTransfers
from payments.application.statements.get_statement import GetStatement


@dataclass(frozen=True, slots=True)
class Statements:
    get_statement: GetStatement
    export_transfers: ExportTransfers
