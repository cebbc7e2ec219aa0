"""Builds the use cases of exchange rates."""

from payments.application.rates import Rates
from payments.application.rates.end_rate import EndRate
from payments.application.rates.list_rate_history import ListRateHistory
from payments.application.rates.list_rates import ListRates
from payments.application.rates.set_rate import SetRate
from payments.infrastructure.sql.rates import SqlRateViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work


def rates(given: Dependencies) -> Rates:
    uow, views, clock = pricing_unit_of_work(given.database), SqlRateViews(given.database), given.clock
    return Rates(
        end_rate=EndRate(uow=uow, clock=clock),
        list_rate_history=ListRateHistory(views=views),
        list_rates=ListRates(views=views, clock=clock),
        set_rate=SetRate(uow=uow, clock=clock),
    )
