import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.actor import Actor
from kernel.errors import DomainError, Kind, Unavailable
from kernel.events import Aggregate, Event
from kernel.ids import new_id


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@dataclass(eq=False)
class Door(Aggregate):
    is_open: bool = False


def test_announced_events_are_collected_once() -> None:
    door = Door()
    event = Event(occurred_at=datetime(2026, 3, 21, tzinfo=UTC))
    door.announce(event)
    assert door.collect() == [event]
    assert door.collect() == []


def test_an_error_says_what_happened() -> None:
    class TooLate(DomainError):
        """The offer has ended.

        A second paragraph is for the reader of the code.
        """

        kind = Kind.REFUSED
        code = "OFF_001"

    assert str(TooLate(offer=7)) == "The offer has ended. (offer=7)"
    assert Unavailable(retry_after_seconds=5).retry_after_seconds == 5


def test_only_a_user_has_a_user_id() -> None:
    with pytest.raises(ValueError, match="service payments is not a user"):
        _ = Actor.service("payments").user_id
    assert isinstance(UUID(Actor.service("payments").request_id), UUID)
