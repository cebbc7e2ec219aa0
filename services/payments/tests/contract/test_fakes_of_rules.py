"""Prices, limits, approval rules and policies in memory: one suite for the fakes and for the adapters."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest

from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from kernel.actor import Actor, ActorKind
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.limits import LimitBooks
from payments.application.ports.permissions import READ_ANY_TRANSFER, RECONCILE, Permissions
from payments.application.ports.prices import PriceBooks, Prices
from payments.domain.approval import ApprovalRules, Outflow
from payments.domain.limits import LimitBook
from payments.domain.price_book import PriceBook
from payments.domain.transfer_order import TransferKind
from payments.infrastructure.cached_prices import CachedPrices
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.rulebook import Rulebook, rule
from services.payments.tests.fakes.approvals import unavailable
from services.payments.tests.fakes.permissions import FakePermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.unit.prices import AT, fee_rule, fx_rate, limit

STORED = Prices((fee_rule(),), (fx_rate("0.05", "0"),), (limit(day_max="500"),))
STAFF = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"staff"}))


@dataclass
class Given:
    prices: PriceBooks
    limits: LimitBooks


async def fetch(_at: datetime) -> Prices:
    return STORED


@pytest.fixture(params=["fake", "cached"])
async def given(request: pytest.FixtureRequest, clock: ControlledClock) -> Given:
    if request.param == "fake":
        fake = FakePrices(PriceBook(STORED.fee_rules, STORED.fx_rates), LimitBook(STORED.limits))
        return Given(fake, fake)
    cached = CachedPrices(fetch, clock)
    assert await cached.refresh()
    return Given(cached, cached)


@pytest.fixture(params=["fake", "not loaded", "too old"])
async def missing(request: pytest.FixtureRequest, clock: ControlledClock) -> Given:
    if request.param == "fake":
        fake = FakePrices(missing=True)
        return Given(fake, fake)
    cached = CachedPrices(fetch, clock)
    if request.param == "too old":
        assert await cached.refresh()
        clock.advance(seconds=301)
    return Given(cached, cached)


def test_the_rules_and_rates_in_memory_price_an_order(given: Given) -> None:
    quote = given.prices.current().quote(kind="transfer", amount=Money.of("10", "NAD"), at=AT)
    assert quote.fee_total == Money.of("1", "NAD")
    converted = given.prices.current().quote(kind="conversion", amount=Money.of("10", "NAD"), at=AT, target_currency="USD")
    assert converted.fee_total == Money.of("0", "NAD")


def test_the_limits_in_memory_are_in_force(given: Given) -> None:
    in_force = given.limits.limits().of("standard").in_force("NAD", AT)
    assert in_force
    assert in_force.day_max == Decimal(500)
    assert given.limits.limits().of("standard").in_force("USD", AT) is None


def test_without_recent_prices_nothing_is_priced_or_limited(missing: Given) -> None:
    with pytest.raises(Unavailable):
        missing.prices.current()
    with pytest.raises(Unavailable):
        missing.limits.limits()


ApprovalsFrom = Callable[[str | None], ApprovalPolicies]


@pytest.fixture(params=["fake", "bundled"])
def approvals_from(request: pytest.FixtureRequest) -> ApprovalsFrom:
    """Make a process whose rules require an approval from a sum on; without a sum there are no rules."""

    def bundled(threshold: str | None) -> ApprovalPolicies:
        book = Rulebook()
        book.publish(*([rule(threshold)] if threshold else []))
        return book.approvals

    if request.param == "fake":
        return lambda threshold: FakePrices(rules=approval_from(threshold) if threshold else ApprovalRules())
    return bundled


def matching(rules: ApprovalRules, amount: str, currency: str = "NAD") -> int:
    outflow = Outflow(
        kind=TransferKind.TRANSFER, amount=Money.of(amount, currency), source=None, target_id=new_id(), owner_id=new_id()
    )
    roles = frozenset({"user"})
    return len(rules.matching([outflow], initiator_id=new_id(), roles=roles, sent=lambda _rule: Decimal(0)))


def test_a_sum_that_reaches_a_rules_threshold_requires_an_approval(approvals_from: ApprovalsFrom) -> None:
    rules = approvals_from("100").approvals()
    assert [matching(rules, amount) for amount in ("99.99", "100", "5000")] == [0, 1, 1]
    assert not matching(rules, "5000", "USD")


def test_without_rules_nothing_requires_an_approval(approvals_from: ApprovalsFrom) -> None:
    assert not matching(approvals_from(None).approvals(), "5000")


@pytest.mark.parametrize("policies", [FakePrices(missing=True), Rulebook().approvals], ids=["fake", "bundled"])
def test_before_the_first_bundle_there_are_no_approval_rules(policies: ApprovalPolicies) -> None:
    with pytest.raises(Unavailable):
        policies.approvals()


@pytest.fixture(params=["fake", "bundled"])
def stale_rules(request: pytest.FixtureRequest) -> ApprovalRules:
    if request.param == "fake":
        return approval_from("100", unavailable)
    book = Rulebook()
    book.publish(rule("100"))
    book.clock.advance(days=1)
    return book.approvals.approvals()


def test_stale_rules_judge_no_sum_that_reaches_their_threshold(stale_rules: ApprovalRules) -> None:
    assert not matching(stale_rules, "99.99")
    with pytest.raises(Unavailable):
        matching(stale_rules, "100")


@pytest.fixture(params=["fake", "policies"])
def permissions(request: pytest.FixtureRequest, clock: ControlledClock) -> Permissions:
    """Allow staff to reconcile, not to read others' transfers."""
    if request.param == "fake":
        return FakePermissions({RECONCILE})
    return permitting({"staff": [RECONCILE], "admin": [READ_ANY_TRANSFER]}, clock)


def test_an_actor_has_the_permissions_that_were_granted_and_no_others(permissions: Permissions) -> None:
    assert permissions.allows(STAFF, RECONCILE)
    assert not permissions.allows(STAFF, READ_ANY_TRANSFER)


@pytest.fixture(params=["fake", "policies"])
def stale_permissions(request: pytest.FixtureRequest, clock: ControlledClock) -> Permissions:
    if request.param == "fake":
        return FakePermissions({RECONCILE}, stale=True)
    policies = permitting({"staff": [RECONCILE]}, clock)
    clock.advance(days=2)
    return policies


def test_stale_policies_allow_and_refuse_nothing(stale_permissions: Permissions) -> None:
    with pytest.raises(Unavailable):
        stale_permissions.allows(STAFF, RECONCILE)
