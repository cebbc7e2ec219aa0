import subprocess
import sys

import pytest

from gateway.routes import ROUTES, SERVICES, Route, RouteTable, SegmentClaimedTwice
from gateway.settings import GatewaySettings

SEGMENTS = {
    "identity": "auth users sessions devices device-keys erasures wallet-addresses notices dev",
    "payments": "wallets transfers issuances fees rates limits accounts payments vehicles invoices ledger",
    "governance": "roles permissions role-assignments access organizations teams invitations policies approvals",
    "compliance": "audit screening reports incidents",
}


def test_a_segment_claimed_twice_is_refused() -> None:
    with pytest.raises(SegmentClaimedTwice, match="/wallets: payments and identity"):
        RouteTable([Route("wallets", "payments"), Route("wallets", "identity")])


def test_every_route_names_a_service_and_a_plain_segment() -> None:
    for route in ROUTES:
        assert route.service in SERVICES
        assert route.segment.replace("-", "").isalpha()
        assert route.segment.islower()


def test_each_segment_leads_to_the_service_that_owns_it() -> None:
    owned = {segment: service for service, segments in SEGMENTS.items() for segment in segments.split()}
    assert {route.segment: route.service for route in ROUTES} == owned


def test_each_service_has_the_address_of_its_own_setting() -> None:
    addresses = {service: f"http://{service}.internal:80" for service in SERVICES}
    settings = GatewaySettings.model_validate({f"{service}_url": f"{address}/" for service, address in addresses.items()})
    assert settings.upstreams() == addresses


def test_only_bulk_files_may_be_larger_and_every_service_has_the_same_silence_limit() -> None:
    assert {route.segment: route.body_bytes_max for route in ROUTES if route.body_bytes_max} == {"transfers": 8_388_608}
    assert {route.timeout_seconds for route in ROUTES} == {10.0}


def test_routes_that_move_money_are_strict() -> None:
    assert {route.segment for route in ROUTES if route.strict} == {"transfers", "issuances", "payments", "ledger"}


def test_only_sign_in_public_keys_erasures_and_a_developers_mailbox_need_no_token() -> None:
    assert {route.segment for route in ROUTES if route.public} == {"access", "auth", "audit", "dev", "erasures"}


def test_the_table_can_be_printed() -> None:
    command = [sys.executable, "-m", "gateway", "routes"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own
    lines = [line.split() for line in printed.splitlines()]
    flags = [[name for name in ("public", "strict") if getattr(route, name)] for route in ROUTES]
    assert lines == [[f"/api/v1/{route.segment}", route.service, *more] for route, more in zip(ROUTES, flags, strict=True)]
    assert "/api/v1/transfers            payments     strict\n" in printed
