"""Builds the use cases of fees."""

from payments.application.fees import Fees
from payments.application.fees.end_fee_rule import EndFeeRule
from payments.application.fees.list_fee_history import ListFeeHistory
from payments.application.fees.list_fees import ListFees
from payments.application.fees.quote_order import QuoteOrder
from payments.application.fees.set_fee_rule import SetFeeRule
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.fees import SqlFeeViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work
from payments.wiring.limits import list_my_limits


def fees(given: Dependencies) -> Fees:
    uow, views, clock = pricing_unit_of_work(given.database), SqlFeeViews(given.database), given.clock
    return Fees(
        end_fee_rule=EndFeeRule(uow=uow, clock=clock),
        list_fee_history=ListFeeHistory(views=views),
        list_fees=ListFees(views=views, clock=clock),
        quote_order=QuoteOrder(
            uow=given.uow,
            prices=given.prices,
            approvals=given.approvals,
            policy=given.settings.payer_policy,
            wallets=SqlAccountLookup(given.database),
            list_my_limits=list_my_limits(given),
            screening=given.screening,
            clock=clock,
        ),
        set_fee_rule=SetFeeRule(uow=uow, clock=clock),
    )
