import subprocess
import sys

import pytest

from gateway.routes import ROUTES, SERVICES, Route, RouteTable, SegmentClaimedTwice


def test_a_segment_claimed_twice_is_refused() -> None:
    with pytest.raises(SegmentClaimedTwice, match="/wallets: payments and identity"):
        RouteTable([Route("wallets", "payments"), Route("wallets", "identity")])


def test_every_route_names_a_service_and_a_plain_segment() -> None:
    for route in ROUTES:
        assert route.service in SERVICES
        assert route.segment.replace("-", "").isalpha()
        assert route.segment.islower()


def test_what_moves_money_is_strict() -> None:
    assert {route.segment for route in ROUTES if route.strict} == {"transfers", "issuances", "payments", "ledger"}


def test_only_sign_in_the_audit_key_erasures_and_a_developers_mailbox_are_open_to_strangers() -> None:
    assert {route.segment for route in ROUTES if route.public} == {"auth", "audit", "dev", "erasures"}


def test_the_table_can_be_printed() -> None:
    command = [sys.executable, "-m", "gateway", "routes"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own
    assert "/api/v1/transfers            payments     strict\n" in printed
    assert len(printed.splitlines()) == len(list(ROUTES))
