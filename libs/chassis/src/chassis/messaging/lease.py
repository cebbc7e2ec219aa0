"""The lease of a leader: how long after its last sign of life a process may act as the leader.

A process that hangs (stopped, swapped out, its event loop blocked) keeps its TCP connections, and PostgreSQL keeps its locks. So
a stand-by takes the lock away from a leader without signs of life, and a leader that wakes up late has to notice by itself that
its time is over.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

# Seconds without a sign of life after which a leader is replaced.
LEASE_SECONDS = 10.0
# So many looks in a row must find the leader unchanged. A stand-by counts looks, not time: if it has hung itself, or a clock has
# jumped, it still waits for what it sees.
LOOKS = 20


class LeaseExpired(Exception):
    """The process was not able to renew its lease in time, and another one may lead."""


def boot_seconds() -> float:
    """Return a monotonic time that goes on while the machine sleeps, as its neighbours' clocks do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Terms:
    """The durations that follow from a lease of `seconds`."""

    seconds: float = LEASE_SECONDS

    @property
    def renew_seconds(self) -> float:
        """How often the leader renews its lease."""
        return self.seconds / 5

    @property
    def own_seconds(self) -> float:
        """How long the leader relies on a renewal: less than a stand-by waits."""
        return self.seconds * 0.8

    @property
    def poll_seconds(self) -> float:
        """How often a stand-by looks at the lock and its holder."""
        return self.seconds / LOOKS


class Lease:
    """A lease that its holder renews. Each renewal counts from before the sign of life was sent."""

    def __init__(self, terms: Terms, *, since: float, clock: Callable[[], float] = boot_seconds) -> None:
        self._terms = terms
        self._clock = clock
        self._until = since + terms.own_seconds

    def renew(self, since: float) -> None:
        self._until = since + self._terms.own_seconds

    @property
    def held(self) -> bool:
        return self._clock() < self._until

    def require(self) -> None:
        """Raise LeaseExpired unless the lease is held."""
        if not self.held:
            raise LeaseExpired(f"no sign of life within {self._terms.own_seconds:g} s")
