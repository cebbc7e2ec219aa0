"""The read models of transfers and statements."""

from typing import Protocol

from payments.application.history.queries import HistoryQueries, StatementQueries
from payments.application.transfers.views import TransferQueries


class PaymentsQueries(TransferQueries, HistoryQueries, StatementQueries, Protocol):
    pass
