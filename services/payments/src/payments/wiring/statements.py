"""Builds the use cases of statements and exports."""

from payments.application.statements import Statements
from payments.application.statements.export_transfers import ExportTransfers
from payments.application.statements.get_statement import GetStatement
from payments.infrastructure.sql.statements import SqlStatementViews
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.wiring.dependencies import Dependencies
from payments.wiring.wallets import find_wallet


def statements(given: Dependencies) -> Statements:
    views = SqlStatementViews(given.database)
    return Statements(
        get_statement=GetStatement(find_wallet=find_wallet(given), views=views, clock=given.clock),
        export_transfers=ExportTransfers(movements=SqlTransferHistory(given.database)),
    )
