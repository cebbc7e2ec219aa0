"""Fees: the table of contents."""

from dataclasses import dataclass

from payments.application.fees.end_fee_rule import EndFeeRule
from payments.application.fees.list_fee_history import ListFeeHistory
from payments.application.fees.list_fees import ListFees
from payments.application.fees.quote_order import QuoteOrder
from payments.application.fees.set_fee_rule import SetFeeRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    end_fee_rule: EndFeeRule
    list_fee_history: ListFeeHistory
    list_fees: ListFees
    quote_order: QuoteOrder
    set_fee_rule: SetFeeRule
