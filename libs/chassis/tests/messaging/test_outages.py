"""During an outage of a handler's dependency, one message of its type tries at a time, and others of the type wait."""

import asyncio

import pytest

from chassis.messaging.outages import SECONDS_MAX, Outages

TYPE = "identity.user.registered"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outages(clock) -> Outages:
    return Outages(clock)


def test_one_message_tries_when_it_is_due(outages, clock):
    outages.found(TYPE, is_foreign=False)
    outage = outages.get(TYPE)
    assert outage
    assert (outage.claim(), outages.types_at_rest()) == (False, [TYPE])
    clock.now += SECONDS_MAX
    assert outages.types_at_rest() == []
    assert [outage.claim(), outage.claim()] == [True, False]
    assert outages.types_at_rest() == [TYPE]


def test_each_failed_attempt_makes_the_next_one_later_up_to_a_limit(outages, clock):
    outages.found(TYPE, is_foreign=False)
    outage = outages.get(TYPE)
    waits = []
    for _ in range(8):
        waits.append(outage.seconds_left())
        clock.now += SECONDS_MAX
        assert outage.claim()
        assert outage.seconds_left() is None
        outages.found(TYPE, is_foreign=True)
    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= SECONDS_MAX
    assert outage.is_foreign


def test_messages_that_fail_together_make_the_wait_longer_once(outages, clock):
    outages.found(TYPE, is_foreign=False)
    first = outages.get(TYPE).seconds_left()
    for _ in range(20):
        outages.found(TYPE, is_foreign=False)
    assert outages.get(TYPE).seconds_left() == first


def test_the_end_of_an_outage_wakes_everyone_and_other_types_never_wait(outages):
    outages.found(TYPE, is_foreign=False)
    changed = outages.get(TYPE).changed
    assert outages.get("identity.user.erased") is None
    outages.over(TYPE)
    assert changed.is_set()
    assert outages.get(TYPE) is None


def test_after_a_cancelled_attempt_another_message_tries(outages, clock):
    outages.found(TYPE, is_foreign=False)
    clock.now += SECONDS_MAX
    outage = outages.get(TYPE)
    with pytest.raises(asyncio.CancelledError), outages.attempt(TYPE):
        assert outage.claim()
        raise asyncio.CancelledError
    assert outage.claim()
