"""Builds the use cases of payments to merchants."""

from payments.application.payments import MerchantPayments
from payments.application.payments.list_payments import ListPayments
from payments.application.payments.make_payment import MakePayment
from payments.application.ports.transfers import Cashier
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.wiring.dependencies import Dependencies


def payments(given: Dependencies, cashier: Cashier) -> MerchantPayments:
    return MerchantPayments(
        make_payment=MakePayment(cashier=cashier),
        list_payments=ListPayments(history=SqlTransferHistory(given.database)),
    )
