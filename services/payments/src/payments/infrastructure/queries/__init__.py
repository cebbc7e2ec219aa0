"""The read side: SQL straight to views."""

from payments.infrastructure.sql.statements import SqlStatementQueries
from payments.infrastructure.sql.transfer_history import SqlHistoryQueries
from payments.infrastructure.sql.transfers import SqlTransferQueries


class SqlPaymentsQueries(SqlTransferQueries, SqlHistoryQueries, SqlStatementQueries):
    """All that payments can be asked, of one database."""
