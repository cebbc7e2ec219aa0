from uuid import uuid4

from gateway.revocations import KEPT_SECONDS, Revocations


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
