"""Owners' tiers on the real database."""

import asyncio

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor
from kernel.errors import InvalidValue, StaleVersion
from kernel.ids import new_id
from payments.application import Payments
from payments.application.ports.limits import AssignedTier
from payments.application.versions import RequestedPeriod
from payments.infrastructure.sql.limits import SqlLimitViews
from services.payments.tests.integration.pricing import ADMIN, priced_payments, rows
from services.payments.tests.unit.prices import limit


@pytest.fixture
def payments(database: Database, clock: ControlledClock) -> Payments:
    return priced_payments(database, clock)


async def test_a_tier_is_stored_with_who_assigned_it_and_when(
    payments: Payments, database: Database, clock: ControlledClock
) -> None:
    owner = new_id()
    await payments.limits.set_limit(
        actor=ADMIN,
        draft=lambda id_, validity: limit(id=id_, validity=validity, tier="business", day_max="5000"),
        period=RequestedPeriod(since=None, until=None),
        reason="test",
    )
    for version, (actor, tier_) in enumerate(((ADMIN, "business"), (Actor.service("test"), "standard"))):
        clock.advance(seconds=60)
        assigned = await payments.limits.assign_tier(actor=actor, owner_id=owner, tier=tier_, version=version, reason="test")
        assert assigned == AssignedTier(owner, tier_, version + 1, actor.subject_id, clock.now())
        assert await SqlLimitViews(database).tier_of(owner) == assigned
    assert await SqlLimitViews(database).tier_of(new_id()) is None


async def test_a_tier_without_limits_cannot_be_assigned(payments: Payments, clock: ControlledClock) -> None:
    async def assign(tier_: str, version: int) -> int:
        return (
            await payments.limits.assign_tier(actor=ADMIN, owner_id=owner, tier=tier_, version=version, reason="test")
        ).version

    owner = new_id()
    with pytest.raises(InvalidValue):
        await assign("business", 0)
    made = await payments.limits.set_limit(
        actor=ADMIN,
        draft=lambda id_, validity: limit(id=id_, validity=validity, tier="business", day_max="5000"),
        period=RequestedPeriod(since=None, until=None),
        reason="test",
    )
    assert (await assign("business", 0), await assign("standard", 1)) == (1, 2)
    clock.advance(seconds=60)
    await payments.limits.end_limit(actor=ADMIN, version_id=made.id, until=None, reason="test")
    with pytest.raises(InvalidValue):
        await assign("business", 2)


async def test_a_tier_assigned_many_times_at_once_is_assigned_once(payments: Payments, database: Database) -> None:
    owner = new_id()
    await payments.limits.set_limit(
        actor=ADMIN,
        draft=lambda id_, validity: limit(id=id_, validity=validity, tier="business", day_max="5000"),
        period=RequestedPeriod(since=None, until=None),
        reason="test",
    )

    async def assign() -> int:
        tier_ = await payments.limits.assign_tier(actor=ADMIN, owner_id=owner, tier="business", version=0, reason="test")
        return tier_.version

    outcomes = await asyncio.gather(*(assign() for _ in range(5)), return_exceptions=True)
    assert outcomes.count(1) == 1
    assert {type(outcome) for outcome in outcomes} == {int, StaleVersion}
    facts = await rows(database, "SELECT 1 FROM outbox WHERE type = 'audit.facts.recorded'")
    assert len(facts) == 2  # one of the limit, and one of the five assignments
