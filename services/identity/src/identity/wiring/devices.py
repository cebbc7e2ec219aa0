"""Devices."""

from chassis.wiring import wire
from identity.application.devices import Devices
from identity.wiring.dependencies import Dependencies


def devices(given: Dependencies) -> Devices:
    return wire(
        Devices,
        uow=given.uow,
        views=given.views.devices,
        permissions=given.permissions,
        reads=given.reads,
        end_session=given.end_session,
        clock=given.clock,
    )
