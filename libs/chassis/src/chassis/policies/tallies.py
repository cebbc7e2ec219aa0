"""The number of decisions, for metrics.

A counter of prometheus_client takes a lock for each increment, which would add a quarter to the cost of a cached decision.
"""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector


class Tally:
    """How often a permission was allowed, or denied."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Tallies(Collector):
    """The tallies of this process, as one counter."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], Tally] = {}
        REGISTRY.register(self)

    def of(self, permission: str, *, allowed: bool) -> Tally:
        return self._tallies.setdefault((permission, "allow" if allowed else "deny"), Tally())

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily("policy_decisions_total", "Policy decisions", labels=["permission", "decision"])
        for labels, tally in list(self._tallies.items()):
            family.add_metric(labels, tally.count)
        yield family
