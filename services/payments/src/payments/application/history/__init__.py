"""What has happened: history, statements, past balances."""

from dataclasses import dataclass

from payments.application.history.read_statement import ReadBalance, ReadStatement


@dataclass(frozen=True, slots=True)
class History:
    read_statement: ReadStatement
    read_balance: ReadBalance
