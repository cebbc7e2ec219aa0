"""Builds the use cases of payments to merchants."""

from chassis.wiring import wire
from payments.application.payments import MerchantPayments
from payments.application.ports.transfers import Cashier
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.wiring.dependencies import Dependencies


def payments(given: Dependencies, cashier: Cashier) -> MerchantPayments:
    return wire(MerchantPayments, cashier=cashier, history=SqlTransferHistory(given.database))
