"""Totals of long lists are cached for seconds; totals of short lists are not."""

from chassis.testing.clocks import ControlledClock
from identity.application.users.views import EVERYBODY, UserFilter, UserSort
from identity.infrastructure.sql.large_totals import LargeTotals


def test_large_totals_are_cached_for_seconds_and_small_ones_are_not(clock: ControlledClock) -> None:
    totals = LargeTotals(clock)
    totals.learn(EVERYBODY, 9_999)
    assert totals.known(EVERYBODY) is None
    totals.learn(EVERYBODY, 10_000)
    assert totals.known(UserFilter(sort=UserSort.OLDEST)) == 10_000
    assert totals.known(UserFilter(verified=True)) is None
    clock.advance(seconds=4)
    # Reading a total does not extend its lifetime.
    totals.learn(EVERYBODY, 10_000)
    clock.advance(seconds=2)
    assert totals.known(EVERYBODY) is None
