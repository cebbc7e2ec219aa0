"""The limit of a body is stated in a service's route, at the gateway and in the documents, each time with the same number."""

from importlib import import_module

import pytest

from chassis.rest.app import BODY_BYTES_MAX
from chassis.rest.route import Route
from gateway.routes import API_PREFIX, ROUTES, SERVICES
from gateway.settings import GatewaySettings

MIB = 1_048_576
LARGER = {f"{API_PREFIX}/transfers/bulk": 8 * MIB}


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    routers = [router for service in SERVICES for router in import_module(f"{service}.interfaces.rest").ROUTERS]
    return [route for router in routers for route in router.routes]


def test_each_path_with_a_larger_limit_is_known(routes: list[Route]) -> None:
    assert {route.path: route.body_bytes_max for route in routes if route.body_bytes_max} == LARGER
    larger = [route for route in routes if route.path in LARGER and route.body_bytes_max]
    assert {method for route in larger for method in route.methods or ()} == {"POST"}


def test_the_gateway_accepts_bodies_of_the_services_size_and_no_larger() -> None:
    segments = {path.removeprefix(f"{API_PREFIX}/").partition("/")[0]: limit for path, limit in LARGER.items()}
    assert {route.segment: route.body_bytes_max for route in ROUTES if route.body_bytes_max} == segments
    assert GatewaySettings.model_fields["body_bytes_max"].default == BODY_BYTES_MAX == MIB
