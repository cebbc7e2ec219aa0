"""The states of long work, and what its progress says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kernel.long_work import (
    ERROR_LENGTH_MAX,
    RUNS_MAX,
    LongWork,
    NotResumable,
    Progress,
    Reached,
    TooManyRuns,
    WorkEnded,
    WorkState,
)

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def asked() -> LongWork:
    return LongWork.ask("count", requested_by="anna", at=AT)


def running() -> LongWork:
    work = asked()
    work.begin(AT)
    return work


def failed() -> LongWork:
    work = running()
    work.fail("SRV_002", "away", AT)
    return work


def ended(change: Callable[[LongWork], None]) -> LongWork:
    work = running()
    change(work)
    return work


ENDED = {
    "succeeded": lambda work: work.succeed({}, AT),
    "failed": lambda work: work.fail("SRV_002", "away", AT),
    "cancelled": lambda work: work.stop(AT),
}


def test_each_change_has_a_higher_version_and_its_time() -> None:
    work = asked()
    seen = [(work.state, work.version)]
    work.begin(later(1))
    seen.append((work.state, work.version))
    work.cancel(later(2))
    seen.append((work.state, work.version))
    work.stop(later(3))
    seen.append((work.state, work.version))
    assert seen == [("queued", 1), ("running", 2), ("cancelling", 3), ("cancelled", 4)]
    assert (work.started_at, work.updated_at, work.finished_at, work.is_open) == (later(1), later(3), later(3), False)


def test_queued_work_is_cancelled_at_once() -> None:
    work = asked()
    work.cancel(later(1))
    assert (work.state, work.finished_at, work.attempts) == ("cancelled", later(1), 0)


@pytest.mark.parametrize("change", ENDED.values(), ids=ENDED)
def test_ended_work_changes_no_more(change: Callable[[LongWork], None]) -> None:
    work = ended(change)
    before = (work.state, work.version)
    for again in (work.begin, work.cancel, work.stop):
        with pytest.raises(WorkEnded):
            again(AT)
    with pytest.raises(WorkEnded):
        work.succeed({}, AT)
    with pytest.raises(WorkEnded):
        work.reach(Reached(done=1, total=None))
    assert (work.state, work.version) == before


def test_work_that_was_to_be_cancelled_ends_as_cancelled_whatever_its_run_returns() -> None:
    for change in (lambda work: work.succeed({"n": 1}, AT), lambda work: work.fail("SRV_001", "x", AT)):
        work = running()
        work.cancel(AT)
        change(work)
        assert (work.state, work.result, work.error_code) == ("cancelled", None, None)


def test_done_never_decreases_and_the_total_is_never_below_it() -> None:
    work = running()
    for reached, expected in (
        (Reached(done=5, total=9, checkpoint={"after": 5}), (5, 9)),
        (Reached(done=2, total=9), (5, 9)),
        (Reached(done=7, total=6), (7, 7)),
        (Reached(done=8, total=None), (8, None)),
    ):
        work.reach(reached)
        assert (work.done, work.total) == expected
    # A report without a checkpoint keeps the one before.
    assert work.checkpoint == {"after": 5}
    work.succeed({}, AT)
    assert (work.done, work.total) == (8, 8)


def test_only_failed_work_is_resumed_and_it_keeps_its_checkpoint() -> None:
    for work in (asked(), running(), *[ended(change) for name, change in ENDED.items() if name != "failed"]):
        with pytest.raises(NotResumable):
            work.resume(AT)
    fixed = failed()
    fixed.can_resume = False
    with pytest.raises(NotResumable):
        fixed.resume(AT)
    work = running()
    work.reach(Reached(done=4, total=9, checkpoint={"after": 4}))
    work.fail("SRV_002", "x" * 2 * ERROR_LENGTH_MAX, AT)
    assert (len(work.error or ""), work.is_resumable) == (ERROR_LENGTH_MAX, True)
    work.resume(later(1))
    assert (work.state, work.error, work.error_code, work.finished_at) == ("queued", None, None, None)
    work.begin(later(2))
    assert (work.checkpoint, work.attempts, work.started_at, work.run_at) == ({"after": 4}, 2, AT, later(2))


def test_runs_without_an_end_are_counted_until_people_resume_the_work() -> None:
    work = asked()
    for _ in range(RUNS_MAX):
        work.begin(AT)
    with pytest.raises(TooManyRuns):
        work.begin(AT)
    work.fail("SRV_001", "too many", AT)
    work.resume(AT)
    work.begin(AT)
    assert work.attempts == RUNS_MAX + 1


def test_the_rate_is_that_of_the_current_run() -> None:
    work = running()
    work.reach(Reached(done=100, total=400))
    work.updated_at = later(10)
    assert work.progress == Progress(state=WorkState.RUNNING, done=100, total=400, rate=10, remaining_seconds=30)
    # The next run has done nothing yet.
    work.begin(later(60))
    assert (work.progress.rate, work.progress.remaining_seconds) == (None, None)
    work.reach(Reached(done=120, total=400))
    work.updated_at = later(70)
    assert (work.progress.rate, work.progress.remaining_seconds) == (2, 140)


def test_without_a_total_nothing_is_said_of_what_remains() -> None:
    progress = Progress.measure(state=WorkState.RUNNING, done=5, total=None, since=AT, until=later(10))
    assert (progress.total, progress.rate, progress.remaining_seconds) == (None, 0.5, None)
    for state in (WorkState.CANCELLING, WorkState.SUCCEEDED):
        ended = Progress.measure(state=state, done=5, total=5, since=AT, until=later(10))
        assert (ended.rate, ended.remaining_seconds) == (0.5, None)
    # A clock that was set back.
    assert Progress.measure(state=WorkState.RUNNING, done=5, total=9, since=later(1), until=AT).rate is None
