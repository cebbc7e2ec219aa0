"""Payments to merchants and billers: the table of contents."""

from dataclasses import dataclass

from payments.application.payments.list_payments import ListPayments
from payments.application.payments.make_payment import MakePayment


@dataclass(frozen=True, slots=True)
class MerchantPayments:
    make_payment: MakePayment
    list_payments: ListPayments
