"""The numbers of users that filters find, cached for seconds if they are large. Small totals are always exact."""

from dataclasses import dataclass, field, replace
from typing import Final

from identity.application.users.views import EVERYBODY, UserFilter
from kernel.clock import Clock

LARGE: Final = 10_000
REMEMBERED_SECONDS: Final = 5.0
_FILTERS_MAX: Final = 100


@dataclass(slots=True)
class LargeTotals:
    clock: Clock
    _counted: dict[UserFilter, tuple[int, float]] = field(default_factory=dict)

    def known(self, which: UserFilter) -> int | None:
        """Return a large total that was counted recently."""
        total, at = self._counted.get(_unsorted(which), (0, float("-inf")))
        return total if self.clock.elapsed() - at < REMEMBERED_SECONDS else None

    def learn(self, which: UserFilter, total: int) -> None:
        """Cache a total if it is large and not cached yet."""
        if total < LARGE or self.known(which) is not None:
            return
        if len(self._counted) >= _FILTERS_MAX:
            self._counted.clear()
        self._counted[_unsorted(which)] = total, self.clock.elapsed()


def _unsorted(which: UserFilter) -> UserFilter:
    return replace(which, sort=EVERYBODY.sort)
