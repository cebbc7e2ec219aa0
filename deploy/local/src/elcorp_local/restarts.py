"""How often, and how soon, a process that died is restarted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

PER_MINUTE_MAX = 5
DELAY_SECONDS_MAX = 8.0


@dataclass
class Restarts:
    """Restart at once after the first death, then with growing delays; give up after a few deaths within a minute."""

    clock: Callable[[], float] = time.monotonic
    deaths: list[float] = field(default_factory=list)
    due_at: float | None = None

    def died(self) -> bool:
        """Record a death and plan the restart; return False if there were too many."""
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
        """Return True once when a planned restart is due."""
        if self.due_at is None or self.clock() < self.due_at:
            return False
        self.due_at = None
        return True
