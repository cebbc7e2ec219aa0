"""The waiting times of a refused aggregate and of a lost connection."""

from chassis.messaging.blocked_aggregates import BlockedAggregates
from chassis.waiting import Backoff


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_wait_is_half_to_all_of_twice_the_last_up_to_a_maximum():
    backoff = Backoff(first_seconds=1, seconds_max=5)
    for whole in (1, 2, 4, 5, 5):
        assert whole / 2 <= backoff.next() <= whole
    backoff.reset()
    assert 0.5 <= backoff.next() <= 1


def test_a_refused_aggregate_waits_longer_each_time_up_to_a_minute():
    clock = Clock()
    holds = BlockedAggregates(clock)
    for whole in (1, 2, 4, 8, 16, 32, 60, 60):
        holds.put("ada")
        assert holds.active() == ["ada"]
        clock.now += whole / 2 - 0.001
        assert holds.active() == ["ada"]
        clock.now += whole / 2 + 0.001
        assert holds.active() == []
    # No longer blocked, but remembered: the next refusal doubles the wait.
    assert len(holds) == 1


def test_a_released_aggregate_starts_again_and_others_keep_waiting():
    clock = Clock()
    holds = BlockedAggregates(clock)
    for _ in range(5):
        holds.put("ada")
    holds.put("bob")
    holds.release("ada")
    holds.release("nobody")
    assert (holds.active(), len(holds)) == (["bob"], 1)
    holds.put("ada")
    clock.now += 1
    assert holds.active() == []
