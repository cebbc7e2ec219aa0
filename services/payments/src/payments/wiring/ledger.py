"""Builds the use cases of the ledger."""

from chassis.wiring import wire
from payments.application.ledger import Ledger
from payments.infrastructure.sql.ledger import SqlLedgerViews
from payments.wiring.dependencies import Dependencies


def ledger(given: Dependencies) -> Ledger:
    return wire(Ledger, views=SqlLedgerViews(given.database))
