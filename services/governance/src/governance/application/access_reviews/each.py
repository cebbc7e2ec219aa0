"""Do something for each campaign, so that one that fails stops no other."""

from collections.abc import Awaitable, Callable, Sequence

from governance.application.access_reviews.views import Scheduled


async def count_each(due: Sequence[Scheduled], act: Callable[[Scheduled], Awaitable[bool]]) -> int:
    """Return for how many it was done. Raise ExceptionGroup after all of them if some have failed."""
    done, failures = 0, []
    for each in due:
        try:
            done += await act(each)
        except Exception as failure:  # noqa: BLE001  # raised below, with the others
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} access reviews have failed", failures)
    return done
