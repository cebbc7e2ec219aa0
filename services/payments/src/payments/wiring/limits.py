"""Builds the use cases of limits and tiers."""

from chassis.wiring import wire
from payments.application.limits import Limits
from payments.infrastructure.sql.limits import SqlLimitViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work


def limits(given: Dependencies) -> Limits:
    return wire(
        Limits,
        uow=pricing_unit_of_work(given.database),
        views=SqlLimitViews(given.database),
        reads=given.reads,
        clock=given.clock,
    )
