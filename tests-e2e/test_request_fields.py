"""Every text and time that any service takes is of a kind that says what may be in it."""

from importlib import import_module

import pytest

from chassis.testing.request_fields import loose_fields

SERVICES = ("identity", "payments", "governance", "compliance")


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_and_time_of_a_request_is_of_a_strict_kind(service: str) -> None:
    routers = import_module(f"{service}.interfaces.rest").ROUTERS
    assert loose_fields(route for router in routers for route in router.routes) == []
