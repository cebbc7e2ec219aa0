"""Statements on their ports."""

from payments.application.history import History
from payments.application.history.read_statement import ReadStatement
from payments.wiring.dependencies import Dependencies
from payments.wiring.wallets import find_wallet


def history(given: Dependencies) -> History:
    return History(read_statement=ReadStatement(find_wallet=find_wallet(given), queries=given.queries, clock=given.clock))
