"""Erasures."""

from chassis.wiring import wire
from identity.application.erasures import Erasures
from identity.wiring.dependencies import Dependencies


def erasures(given: Dependencies) -> Erasures:
    return wire(
        Erasures,
        uow=given.uow,
        views=given.views.erasures,
        roles=given.roles,
        permissions=given.permissions,
        authority=given.authority,
        end_sessions=given.end_sessions,
        clock=given.clock,
    )
