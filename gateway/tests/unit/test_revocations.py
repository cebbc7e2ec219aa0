from uuid import uuid4

import pytest

from chassis.auth import revocations as module
from chassis.auth.revocations import KEPT_SECONDS, Revocations


class Time:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_ended_session_is_known_until_its_tokens_have_expired() -> None:
    time, session = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.end(session, time.now)
    assert revocations.has_ended(session)
    assert not revocations.has_ended(uuid4())
    time.now += KEPT_SECONDS
    revocations.purge()
    assert len(revocations) == 0


def test_a_session_is_known_for_longer_than_its_tokens_live() -> None:
    time, session = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.end(session, time.now)
    # Fifteen minutes, and some for clocks that differ.
    time.now += 20 * 60 - 1
    revocations.purge()
    assert revocations.has_ended(session)
    time.now += 1
    revocations.purge()
    assert not revocations.has_ended(session)


def test_an_old_end_is_not_kept() -> None:
    time = Time()
    revocations = Revocations(now=time)
    revocations.end(uuid4(), time.now - KEPT_SECONDS)
    assert len(revocations) == 0


def test_how_long_ago_the_list_was_read() -> None:
    time = Time()
    revocations = Revocations(now=time, monotonic=time)
    assert revocations.seconds_since_confirmed() == float("inf")
    revocations.confirm()
    time.now += 2
    assert revocations.seconds_since_confirmed() == 2


def test_an_earlier_end_told_later_shortens_nothing() -> None:
    time, session = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.end(session, time.now)
    revocations.end(session, time.now - 600)
    time.now += KEPT_SECONDS - 1
    revocations.purge()
    assert revocations.has_ended(session)


def test_memory_is_bounded_and_the_session_told_first_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    time, sessions = Time(), [uuid4() for _ in range(5)]
    revocations = Revocations(now=time)
    for session in sessions:
        revocations.end(session, time.now)
    assert [revocations.has_ended(session) for session in sessions] == [False, False, True, True, True]
    assert len(revocations) == 3
