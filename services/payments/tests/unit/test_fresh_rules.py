import pytest

from kernel.errors import Unavailable
from payments.infrastructure.fresh_rules import FRESH_SECONDS, FreshRules


class Source:
    def __init__(self) -> None:
        self.answers, self.fetched = True, 0

    async def __call__(self) -> bool:
        self.fetched += 1
        return self.answers


class Worker:
    """Uses prices and approval rules, at times that the test sets in seconds."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.prices, self.approvals = Source(), Source()
        self.rules = FreshRules([self.prices, self.approvals], elapsed=lambda: self.seconds)

    @property
    def fetched(self) -> tuple[int, int]:
        return self.prices.fetched, self.approvals.fetched


async def test_both_are_fetched_at_the_start_of_work_and_refreshed_during_it() -> None:
    worker = Worker()
    await worker.rules.refresh()
    assert worker.fetched == (1, 1)
    worker.seconds += FRESH_SECONDS - 0.1
    await worker.rules.refresh()
    assert worker.fetched == (1, 1)
    worker.seconds += 0.1
    await worker.rules.refresh()
    assert worker.fetched == (2, 2)


@pytest.mark.parametrize("away", ["prices", "approvals"])
async def test_no_work_is_done_with_rules_that_could_not_be_fetched(away: str) -> None:
    worker = Worker()
    source: Source = getattr(worker, away)
    source.answers = False
    for _ in range(2):
        with pytest.raises(Unavailable):
            await worker.rules.refresh()
    assert source.fetched == 2
    source.answers = True
    await worker.rules.refresh()
