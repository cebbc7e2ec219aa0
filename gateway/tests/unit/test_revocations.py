from uuid import uuid4

import pytest

from chassis.auth import revocations as module
from chassis.auth.revocations import KEPT_SECONDS, Revocations
from kernel.assurance import Factors


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


def test_an_ended_session_is_known_longer_than_its_tokens_are_valid() -> None:
    time, session = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.end(session, time.now)
    # Fifteen minutes, plus a margin for clock differences.
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
    revocations = Revocations(now=time, elapsed=time)
    assert revocations.seconds_since_confirmed() == float("inf")
    revocations.confirm()
    time.now += 2
    assert revocations.seconds_since_confirmed() == 2


def test_an_earlier_end_received_later_shortens_nothing() -> None:
    time, session = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.end(session, time.now)
    revocations.end(session, time.now - 600)
    time.now += KEPT_SECONDS - 1
    revocations.purge()
    assert revocations.has_ended(session)


def test_memory_is_bounded_and_the_session_received_first_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    time, sessions = Time(), [uuid4() for _ in range(5)]
    revocations = Revocations(now=time)
    for session in sessions:
        revocations.end(session, time.now)
    assert [revocations.has_ended(session) for session in sessions] == [False, False, True, True, True]
    assert len(revocations) == 3


@pytest.mark.parametrize(("version", "outdated"), [(0, True), (6, True), (7, False), (8, False)])
def test_tokens_of_earlier_versions_are_outdated_by_a_change_of_factors(version: int, outdated: bool) -> None:
    time, user, other = Time(), uuid4(), uuid4()
    revocations, factors = Revocations(now=time), Factors(7, has_second=True)
    revocations.change_factors(user, factors, time.now)
    assert revocations.outdating(str(user), version) == (factors if outdated else None)
    assert revocations.outdating(str(other), version) is None


def test_the_latest_version_counts_whatever_the_order_of_changes() -> None:
    time, user = Time(), uuid4()
    revocations, latest = Revocations(now=time), Factors(3, has_second=False)
    for factors in (Factors(2, has_second=True), latest, Factors(1, has_second=True)):
        revocations.change_factors(user, factors, time.now)
    assert (revocations.outdating(str(user), 2), revocations.subjects) == (latest, 1)


def test_a_change_of_factors_is_known_until_older_tokens_have_expired() -> None:
    time, user = Time(), uuid4()
    revocations = Revocations(now=time)
    revocations.change_factors(user, Factors(1, has_second=True), time.now)
    # Received again with an earlier time, it is kept as long as before.
    revocations.change_factors(user, Factors(1, has_second=True), time.now - 600)
    time.now += KEPT_SECONDS - 1
    revocations.purge()
    assert revocations.outdating(str(user), 0)
    time.now += 1
    revocations.purge()
    assert (revocations.outdating(str(user), 0), revocations.subjects) == (None, 0)


def test_an_old_change_of_factors_is_not_kept() -> None:
    time = Time()
    revocations = Revocations(now=time)
    revocations.change_factors(uuid4(), Factors(1, has_second=True), time.now - KEPT_SECONDS)
    assert revocations.subjects == 0


def test_memory_is_bounded_and_the_change_received_first_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SUBJECTS_MAX", 3)
    time, users = Time(), [uuid4() for _ in range(5)]
    revocations = Revocations(now=time)
    for user in users:
        revocations.change_factors(user, Factors(1, has_second=True), time.now)
    # A further change of a known user evicts no other user.
    revocations.change_factors(users[2], Factors(2, has_second=True), time.now)
    assert [bool(revocations.outdating(str(user), 0)) for user in users] == [False, False, True, True, True]
    assert revocations.subjects == 3
