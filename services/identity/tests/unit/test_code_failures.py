"""How long wrong codes block further tries."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.domain.code_failures import IN_A_ROW_MAX, KEPT_FOR, PER_HOUR_MAX, wait_after

NOW = datetime(2026, 3, 21, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(*minutes: float) -> list[datetime]:
    return sorted((NOW - timedelta(minutes=each) for each in minutes), reverse=True)


@pytest.mark.parametrize(
    ("failures", "wait"),
    [
        ([], None),
        (ago(*range(PER_HOUR_MAX - 1)), None),
        (ago(*range(PER_HOUR_MAX)), HOUR - timedelta(minutes=PER_HOUR_MAX - 1)),
        (ago(*[1] * (PER_HOUR_MAX - 1), 60), None),
        (ago(*[1] * (PER_HOUR_MAX - 1), 59), timedelta(minutes=1)),
        # Older failures do not lengthen the wait.
        (ago(*[30] * PER_HOUR_MAX, *[90] * 40), timedelta(minutes=30)),
        # A hundred in a row, at whatever rate.
        (ago(*(61 * each for each in range(1, IN_A_ROW_MAX + 1))), KEPT_FOR - timedelta(minutes=6100)),
        (ago(*(61 * each for each in range(1, IN_A_ROW_MAX))), None),
    ],
)
def test_the_wait_ends_when_the_oldest_counted_failure_leaves_its_window(
    failures: list[datetime], wait: timedelta | None
) -> None:
    assert wait_after(failures, at=NOW) == wait
