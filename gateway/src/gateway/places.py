"""Places for responses that last: event streams and downloads. Each holds a connection to its service while it lasts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import prometheus_client

from gateway.error_responses import too_many_at_once, unavailable


@dataclass(frozen=True, slots=True)
class PlaceLimits:
    """Responses of this gateway at the same time, and those of one person (of one address, without a token)."""

    all_max: int
    person_max: int


class Places:
    """The places for one sort of response; `sort` names it in metrics and refusals, such as "event streams"."""

    def __init__(self, sort: str, limits: PlaceLimits, *, refused: prometheus_client.Counter) -> None:
        self.open = 0
        self._sort = sort
        self._limits = limits
        self._refused = refused
        self._people: Counter[str] = Counter()

    @contextmanager
    def place(self, person: str) -> Iterator[None]:
        """Hold a place; raises Refusal (503 if this gateway, 429 if the person has the maximum)."""
        if self.open >= self._limits.all_max:
            self._refused.labels("all").inc()
            raise unavailable(f"Too many {self._sort} at the same time; retry later.")
        if self._people[person] >= self._limits.person_max:
            self._refused.labels("person").inc()
            raise too_many_at_once(self._sort)
        self.open += 1
        self._people[person] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._people[person] -= 1
            if not self._people[person]:
                del self._people[person]
