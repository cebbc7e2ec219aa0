"""How often, and how soon, something that died may start again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

PER_MINUTE_MAX = 5
DELAY_SECONDS_MAX = 8.0


@dataclass
class Restarts:
    """At once after the first death, then later and later; after a few within a minute, no more."""

    clock: Callable[[], float] = time.monotonic
    deaths: list[float] = field(default_factory=list)
    due_at: float | None = None

    def died(self) -> bool:
        """Note a death and plan the restart; False when there were too many."""
        now = self.clock()
        self.deaths = [*(at for at in self.deaths if at > now - 60), now]
        if len(self.deaths) > PER_MINUTE_MAX:
            return False
        earlier = len(self.deaths) - 1
        self.due_at = now + (min(2.0 ** (earlier - 2), DELAY_SECONDS_MAX) if earlier else 0.0)
        return True

    def is_planned(self) -> bool:
        return self.due_at is not None

    def take_due(self) -> bool:
        """Tell, once, that a planned restart's time has come."""
        if self.due_at is None or self.clock() < self.due_at:
            return False
        self.due_at = None
        return True
