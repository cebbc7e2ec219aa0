"""Builds the use cases of statements and exports."""

from chassis.wiring import wire
from payments.application.statements import Statements
from payments.infrastructure.sql.statements import SqlStatementViews
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.wiring.dependencies import Dependencies
from payments.wiring.wallets import find_wallet


def statements(given: Dependencies) -> Statements:
    return wire(
        Statements,
        find_wallet=find_wallet(given),
        views=SqlStatementViews(given.database),
        movements=SqlTransferHistory(given.database),
        clock=given.clock,
    )
