"""The numbers of users that filters find, cached for seconds if they are large. Small totals are always exact."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from identity.application.users.views import EVERYBODY, UserFilter
from kernel.clock import Clock

LARGE: Final = 10_000
REMEMBERED_FOR: Final = timedelta(seconds=5)
_FILTERS_MAX: Final = 100


@dataclass(slots=True)
class LargeTotals:
    clock: Clock
    _counted: dict[UserFilter, tuple[int, datetime]] = field(default_factory=dict)

    def known(self, which: UserFilter) -> int | None:
        """Return a large total that was counted recently."""
        total, at = self._counted.get(_unsorted(which), (0, None))
        return total if at and self.clock.now() - at < REMEMBERED_FOR else None

    def learn(self, which: UserFilter, total: int) -> None:
        """Cache a total if it is large and not cached yet."""
        if total < LARGE or self.known(which) is not None:
            return
        if len(self._counted) >= _FILTERS_MAX:
            self._counted.clear()
        self._counted[_unsorted(which)] = total, self.clock.now()


def _unsorted(which: UserFilter) -> UserFilter:
    return replace(which, sort=EVERYBODY.sort)
