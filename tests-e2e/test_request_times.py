"""A service answers before the gateway gives up, so that clients learn from the service what may be repeated."""

from importlib import import_module
from inspect import signature

import pytest
from fastapi.responses import StreamingResponse

from chassis.rest.deadlines import REQUEST_SECONDS, SILENCE_SECONDS
from chassis.rest.route import Route
from chassis.settings import ServiceSettings
from gateway.routes import API_PREFIX, ROUTES, SERVICES, TIMEOUT_SECONDS

OWN_TIMES = {f"{API_PREFIX}/transfers/bulk": 9, f"{API_PREFIX}/wallets/{{wallet_id}}/statement": 9}
STREAMS = {
    f"{API_PREFIX}/transfers/export": 1800,
    f"{API_PREFIX}/access/reviews/{{review_id}}/lines/export": 120,
    f"{API_PREFIX}/audit/entries/export": 600,
    f"{API_PREFIX}/transfers/bulk/{{bulk_id}}/file": 900,
    f"{API_PREFIX}/transfers/bulk/{{bulk_id}}/events": 600,
    f"{API_PREFIX}/ledger/verifications/{{verification_id}}/events": 600,
    f"{API_PREFIX}/notices/events": 600,
}


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    routers = [router for service in SERVICES for router in import_module(f"{service}.interfaces.rest").ROUTERS]
    return [route for router in routers for route in router.routes]


def test_the_gateway_waits_longer_than_a_request_may_take(routes: list[Route]) -> None:
    shortest = min(TIMEOUT_SECONDS, *(route.timeout_seconds for route in ROUTES))
    assert ServiceSettings.model_fields["request_seconds"].default == REQUEST_SECONDS < shortest
    assert shortest > SILENCE_SECONDS
    assert {route.path: route.seconds for route in routes if route.seconds} == OWN_TIMES
    assert max(OWN_TIMES.values()) < shortest


def test_every_stream_declares_how_long_it_may_take(routes: list[Route]) -> None:
    exports = {route.path for route in routes if signature(route.endpoint).return_annotation is StreamingResponse}
    # Without the declaration, no route can stream its response.
    assert exports == {path for path in STREAMS if path.endswith("/export")}
    assert {route.path: route.stream_seconds for route in routes if route.stream_seconds} == STREAMS
