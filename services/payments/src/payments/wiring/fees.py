"""Builds the use cases of fees."""

from chassis.wiring import wire
from payments.application.fees import Fees
from payments.application.fees.quote_order import QuoteOrder
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.fees import SqlFeeViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work
from payments.wiring.limits import limits


def fees(given: Dependencies) -> Fees:
    return wire(
        Fees,
        uow=pricing_unit_of_work(given.database),
        views=SqlFeeViews(given.database),
        clock=given.clock,
        # A quote reads what was sent, in a transaction of transfers and not of prices.
        quote_order=QuoteOrder(
            uow=given.uow,
            prices=given.prices,
            approvals=given.approvals,
            payment_permissions=given.payment_permissions,
            policy=given.settings.payer_policy,
            wallets=SqlAccountLookup(given.database),
            list_my_limits=limits(given).list_my_limits,
            screening=given.screening,
            clock=given.clock,
        ),
    )
