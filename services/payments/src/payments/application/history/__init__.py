"""Statements."""

from dataclasses import dataclass

from payments.application.history.read_statement import ReadStatement


@dataclass(frozen=True, slots=True)
class History:
    read_statement: ReadStatement
