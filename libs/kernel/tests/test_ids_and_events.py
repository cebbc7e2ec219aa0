import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.actor import Actor, ActorKind
from kernel.errors import (
    AccessDenied,
    AlreadyExists,
    DomainError,
    Fault,
    InvalidValue,
    InvalidValues,
    KeyReused,
    Kind,
    NotFound,
    StaleVersion,
    Unavailable,
)
from kernel.events import Aggregate, Event
from kernel.ids import _next, new_id


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    # After a full millisecond, or a clock set back, ids may be ahead of the time by at most ten seconds.
    assert before <= made.int >> 80 <= after + 10_000


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_are_in_order_of_creation() -> None:
    made = [new_id() for _ in range(10_000)]
    assert sorted(made) == made
    assert sorted(map(str, made)) == list(map(str, made))
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}


@given(st.lists(st.tuples(st.integers(-1_000, 5), st.integers(0, 2**80 - 1)), min_size=2))
def test_ids_increase_while_the_clock_stands_still_or_is_set_back(ticks: list[tuple[int, int]]) -> None:
    now_ms, number = 1_774_080_000_000, 0
    for tick_ms, randomness in ticks:
        now_ms = max(now_ms + tick_ms, (number >> 74) - 10_000)
        number, before = _next(number, now_ms, randomness), number
        assert number > before
        assert now_ms <= number >> 74


def test_ids_follow_a_clock_that_is_set_back_far() -> None:
    assert _next((2**48 - 1) << 74, 1_774_080_000_000, 0) >> 74 == 1_774_080_000_000


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

        The second paragraph is for developers.
        """

        kind = Kind.REFUSED
        code = "OFF_001"

    assert str(TooLate(offer=7)) == "The offer has ended. (offer=7)"
    assert Unavailable(retry_after_seconds=5).retry_after_seconds == 5


def test_every_error_has_a_kind_and_a_published_code() -> None:
    raised = [
        NotFound(),
        AlreadyExists(),
        AccessDenied(),
        StaleVersion(),
        InvalidValue(),
        InvalidValues([Fault("name", "too long"), Fault("age", "too young")]),
        KeyReused(),
        Unavailable(),
    ]
    assert [(type(error).__name__, error.kind, error.code, error.field) for error in raised] == [
        ("NotFound", Kind.NOT_FOUND, "RES_001", None),
        ("AlreadyExists", Kind.CONFLICT, "RES_002", None),
        ("AccessDenied", Kind.DENIED, "ACC_001", None),
        ("StaleVersion", Kind.STALE, "RES_003", None),
        ("InvalidValue", Kind.INVALID, "VAL_001", None),
        ("InvalidValues", Kind.INVALID, "VAL_001", "name"),
        ("KeyReused", Kind.INVALID, "VAL_002", "Idempotency-Key"),
        ("Unavailable", Kind.UNAVAILABLE, "SRV_002", None),
    ]
    assert Unavailable().retry_after_seconds == 2


def test_only_a_user_has_a_user_id() -> None:
    with pytest.raises(ValueError, match="service payments is not a user"):
        _ = Actor.service("payments").user_id
    assert isinstance(UUID(Actor.service("payments").request_id), UUID)


def test_an_anonymous_actor_has_the_requests_address_and_device() -> None:
    known = Actor.anonymous(ip="192.0.2.1", user_agent="browser", request_id="r-1", device_id="phone")
    assert known == Actor(
        kind=ActorKind.ANONYMOUS,
        subject_id="anonymous",
        ip="192.0.2.1",
        user_agent="browser",
        request_id="r-1",
        device_id="phone",
    )
    assert Actor.anonymous() == Actor(kind=ActorKind.ANONYMOUS, subject_id="anonymous")


def test_a_service_actor_has_its_name_and_a_new_request_id() -> None:
    assert Actor.service("payments", request_id="r-1") == Actor(kind=ActorKind.SERVICE, subject_id="payments", request_id="r-1")
    first, second = Actor.service("payments"), Actor.service("payments")
    assert UUID(first.request_id).version == UUID(second.request_id).version == 7
    assert first.request_id != second.request_id
