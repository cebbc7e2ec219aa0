"""What payments can be asked, all of it."""

from typing import Protocol

from payments.application.history.queries import HistoryQueries, StatementQueries
from payments.application.ledger.queries import LedgerQueries
from payments.application.transfers.views import TransferQueries
from payments.application.wallets.queries import WalletQueries


class PaymentsQueries(WalletQueries, TransferQueries, HistoryQueries, StatementQueries, LedgerQueries, Protocol):
    pass
