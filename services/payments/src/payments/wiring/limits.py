"""Builds the use cases of limits and tiers."""

from payments.application.limits import Limits
from payments.application.limits.assign_tier import AssignTier
from payments.application.limits.end_limit import EndLimit
from payments.application.limits.get_tier import GetTier
from payments.application.limits.list_limit_history import ListLimitHistory
from payments.application.limits.list_limits import ListLimits
from payments.application.limits.list_my_limits import ListMyLimits
from payments.application.limits.set_limit import SetLimit
from payments.infrastructure.sql.limits import SqlLimitViews
from payments.wiring.dependencies import Dependencies, pricing_unit_of_work


def list_my_limits(given: Dependencies) -> ListMyLimits:
    return ListMyLimits(views=SqlLimitViews(given.database), clock=given.clock)


def limits(given: Dependencies) -> Limits:
    uow, views, clock = pricing_unit_of_work(given.database), SqlLimitViews(given.database), given.clock
    return Limits(
        assign_tier=AssignTier(uow=uow, clock=clock),
        end_limit=EndLimit(uow=uow, clock=clock),
        get_tier=GetTier(views=views, reads=given.reads),
        list_limit_history=ListLimitHistory(views=views),
        list_limits=ListLimits(views=views, clock=clock),
        list_my_limits=list_my_limits(given),
        set_limit=SetLimit(uow=uow, clock=clock),
    )
