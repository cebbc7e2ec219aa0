"""Statements and past balances on their ports."""

from payments.application.history import History
from payments.application.history.read_statement import ReadBalance, ReadStatement
from payments.wiring.dependencies import Dependencies
from payments.wiring.wallets import read_wallets


def history(given: Dependencies) -> History:
    wallets, queries, clock = read_wallets(given), given.queries, given.clock
    return History(
        read_statement=ReadStatement(wallets=wallets, queries=queries, clock=clock),
        read_balance=ReadBalance(wallets=wallets, queries=queries, clock=clock),
    )
