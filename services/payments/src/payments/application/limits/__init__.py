"""Limits and tiers: the table of contents."""

from dataclasses import dataclass

from payments.application.limits.assign_tier import AssignTier
from payments.application.limits.end_limit import EndLimit
from payments.application.limits.get_tier import GetTier
from payments.application.limits.list_limit_history import ListLimitHistory
from payments.application.limits.list_limits import ListLimits
from payments.application.limits.list_my_limits import ListMyLimits
from payments.application.limits.set_limit import SetLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    assign_tier: AssignTier
    end_limit: EndLimit
    get_tier: GetTier
    list_limit_history: ListLimitHistory
    list_limits: ListLimits
    list_my_limits: ListMyLimits
    set_limit: SetLimit
