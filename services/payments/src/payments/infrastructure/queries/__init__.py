"""The read side: SQL straight to views."""

from payments.infrastructure.queries.history import SqlHistoryQueries
from payments.infrastructure.queries.ledger import SqlLedgerQueries
from payments.infrastructure.queries.statements import SqlStatementQueries
from payments.infrastructure.queries.transfers import SqlTransferQueries
from payments.infrastructure.queries.wallets import SqlWalletQueries


class SqlPaymentsQueries(SqlWalletQueries, SqlTransferQueries, SqlHistoryQueries, SqlStatementQueries, SqlLedgerQueries):
    """All that payments can be asked, of one database."""
