"""Notices, as far as the API reads and marks them. The worker receives requests; the `jobs` process carries them out."""

from chassis.wiring import wire
from identity.application.notices import Notices
from identity.wiring.dependencies import Dependencies


def notices(given: Dependencies) -> Notices:
    return wire(Notices, uow=given.uow, views=given.views.notices, contacts=given.contacts, clock=given.clock)
