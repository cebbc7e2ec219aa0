"""Every text and time in a request of any service has a type that limits its content."""

from importlib import import_module

import pytest

from chassis.testing.request_fields import loose_fields

SERVICES = ("identity", "payments", "governance", "compliance")


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_and_time_of_a_request_has_a_strict_type(service: str) -> None:
    routers = import_module(f"{service}.interfaces.rest").ROUTERS
    assert loose_fields(route for router in routers for route in router.routes) == []
