"""Checks that every operation of a service returns only the data that it declares, and records the required audit facts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.rest import Router
from chassis.rest.route import Route
from chassis.testing.stored import published
from elcorp.compliance.v1.events_pb2 import AuditFact, AuditFactsRecorded
from kernel.reads import OTHERS, READ, REFERENCE, SEARCH

REASON: Final = "complaint 4711"


@dataclass(frozen=True)
class Person:
    """A person whose data another person reads. `ids` are those that only responses about this person contain."""

    user_id: str
    ids: Collection[str]


@dataclass(frozen=True)
class DeclaredReads:
    """Calls each operation that reads about a person, as another person with all permissions.

    `ask` sends a method and a path. `paths` has a path about the person for each operation, without a reason.
    """

    ask: Callable[[str, str], Awaitable[httpx.Response]]
    database: Database
    publications: Publications
    paths: Mapping[str, str]

    async def misdeclared(self, routers: Sequence[Router], person: Person) -> list[str]:
        """Return the differences from the declarations. Fails for an operation without a path, or a path without an operation."""
        routes = [route for router in routers for route in router.routes if isinstance(route, Route) and route.reads]
        if differing := {str(route.operation_id) for route in routes} ^ self.paths.keys():
            raise AssertionError(f"operations without a path, or paths without an operation: {sorted(differing)}")
        return [f"{route.operation_id} {fault}" for route in routes async for fault in self._faults(route, person)]

    async def _faults(self, route: Route, person: Person) -> AsyncIterator[str]:
        method, path = min(route.methods or ()), self.paths[str(route.operation_id)]
        if route.reads is SEARCH:
            status, _, facts = await self._call(method, path)
            if (status, facts) != (httpx.codes.UNPROCESSABLE_ENTITY, []):
                yield f"searches people without a reason: {status}, {len(facts)} facts"
        if route.takes_reason:
            path += ("&" if "?" in path else "?") + f"reason={REASON.replace(' ', '+')}"
        status, text, facts = await self._call(method, path)
        if route.reads in {OTHERS, SEARCH}:
            for fault in _unrecorded(route, person, status, facts):
                yield fault
            return
        if facts:
            yield f"records {facts[0].action}"
        if status not in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
            yield f"answers {status}"
        if route.reads is not REFERENCE and any(each in text for each in person.ids):
            yield "returns another person's data"

    async def _call(self, method: str, path: str) -> tuple[int, str, list[AuditFact]]:
        """Return status and text of a response, and the facts of reads that were recorded meanwhile."""
        before = len(await published(self.database, self.publications))
        answer = await self.ask(method, path)
        messages = [message for _, message in (await published(self.database, self.publications))[before:]]
        facts = [fact for message in messages if isinstance(message, AuditFactsRecorded) for fact in message.facts]
        return answer.status_code, answer.text, [fact for fact in facts if fact.resource_type == READ]


def _unrecorded(route: Route, person: Person, status: int, facts: Sequence[AuditFact]) -> list[str]:
    if status != httpx.codes.OK:
        return [f"answers {status}"]
    if len(facts) != 1 or person.user_id not in facts[0].related_ids:
        return [f"records {len(facts)} facts, or one that does not name the person"]
    if route.takes_reason and facts[0].reason != REASON:
        return ["records a fact without the reason"]
    return []
