"""Builds the use cases of exchange rates."""

from chassis.wiring import wire
from payments.application.rates import Rates
from payments.infrastructure.sql.rates import SqlRateViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work


def rates(given: Dependencies) -> Rates:
    return wire(Rates, uow=pricing_unit_of_work(given.database), views=SqlRateViews(given.database), clock=given.clock)
