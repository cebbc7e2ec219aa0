"""How long faults last for users, and what facts, order and policies cost: the rows of `make bench ONLY=faults`.

A module of this package has `measure(bank: Bank) -> list[Result]`; its name is the name of its rows' group. Add it to MEASURES.
"""

from collections.abc import Callable

from benchmarks.bank import Bank
from benchmarks.faults import database, jobs, journal, policies, relay
from benchmarks.results import Result

MEASURES: dict[str, Callable[[Bank], list[Result]]] = {
    "database": database.measure,
    "jobs": jobs.measure,
    "journal": journal.measure,
    "policies": policies.measure,
    "relay": relay.measure,
}


def faults(bank: Bank) -> list[Result]:
    """Seconds under fault, and the cost of what holds under faults."""
    return [result for measure in MEASURES.values() for result in measure(bank)]
