"""Builds the use cases of the ledger."""

from payments.application.ledger import Ledger
from payments.application.ledger.get_trial_balance import GetTrialBalance
from payments.infrastructure.sql.ledger import SqlLedgerViews
from payments.wiring.dependencies import Dependencies


def ledger(given: Dependencies) -> Ledger:
    return Ledger(get_trial_balance=GetTrialBalance(views=SqlLedgerViews(given.database)))
