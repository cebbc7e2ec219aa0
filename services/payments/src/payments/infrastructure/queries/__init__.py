"""The read side: SQL straight to views."""

from payments.infrastructure.queries.ledger import SqlLedgerQueries
from payments.infrastructure.sql.statements import SqlStatementQueries
from payments.infrastructure.sql.transfer_history import SqlHistoryQueries
from payments.infrastructure.sql.transfers import SqlTransferQueries
from payments.infrastructure.sql.wallets import SqlWalletQueries


class SqlPaymentsQueries(SqlWalletQueries, SqlTransferQueries, SqlHistoryQueries, SqlStatementQueries, SqlLedgerQueries):
    """All that payments can be asked, of one database."""
