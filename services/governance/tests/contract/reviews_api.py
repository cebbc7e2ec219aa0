"""Steps of tests about access reviews, over REST, and the jobs."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1.events_pb2 import AuditFact, AuditFactsRecorded
from governance import wiring
from governance.infrastructure.report_signer import Ed25519ReportSigner
from kernel.actor import Actor
from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import Person, add_member, create_organization, person
from services.governance.tests.stored import sent

DEADLINE: Final = "2026-03-31T15:00:00Z"
WHY: Final = "works at the desk"
SECRET: Final = bytes(range(32))
SERVICE: Final = Actor.service("governance")


@dataclass(frozen=True)
class Company:
    """An organization with a manager, two people who report to the manager, and one who reports to nobody; all are clerks."""

    id: str
    manager: Person
    subordinates: tuple[Person, Person]
    alone: Person


async def company(api: Api, kind: str = "bank", role: str = "staff") -> Company:
    organization = (await create_organization(api, kind=kind))["id"]
    manager, first, second, alone = (person(api) for _ in range(4))
    for member in (manager, first, second, alone):
        await add_member(api, organization, member.id, role)
    for member in (first, second):
        await report_to(api, organization, member, manager)
    await api.refresher.refresh()
    return Company(organization, manager, (first, second), alone)


async def report_to(api: Api, organization: str, member: Person, manager: Person | None) -> None:
    path = f"/organizations/{organization}/members/{member.id}"
    response = await api.call("GET", path)
    body = {"manager_id": str(manager.id) if manager else None, "ends_at": None}
    await done(await api.call("PATCH", path, json=body, headers={"If-Match": response.headers["etag"]}))


async def start(api: Api, **fields: Any) -> Any:
    body = {"title": "First quarter", "deadline": DEADLINE, "reason": "audit plan 2026", **fields}
    return await done(await api.call("POST", "/access/reviews", json=body))


async def lines(by: Api | Person, review: Any, **filters: Any) -> list[dict[str, Any]]:
    """Return the lines of a review, all of them."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await by.data(f"/access/reviews/{review['id']}/lines", limit=100, **filters, **cursor)
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def number_of(api: Api, review: Any, subject: Person | UUID) -> int:
    subject_id = subject.id if isinstance(subject, Person) else subject
    found = await lines(api, review, subject_id=str(subject_id))
    assert len(found) == 1
    number: int = found[0]["number"]
    return number


async def decide(by: Api | Person, review: Any, **decisions: list[int]) -> Any:
    body = {"reason": WHY, **decisions}
    return await done(await by.call("POST", f"/access/reviews/{review['id']}/decisions", json=body))


async def close(api: Api, clock: ControlledClock) -> int:
    """Run the job that closes reviews."""
    # Time has passed, and a bundle of before would be too old.
    await api.refresher.refresh()
    signer = Ed25519ReportSigner.of(SECRET)
    return await wiring.close_access_reviews(database=api.database.under(PLATFORM), signer=signer, clock=clock)(actor=SERVICE)


async def ask(api: Api, clock: ControlledClock) -> int:
    """Run the job that informs those who decide."""
    return await wiring.ask_reviewers(database=api.database.under(PLATFORM), clock=clock)(actor=SERVICE)


async def outcomes(api: Api, review: Any) -> dict[str, str]:
    """Return the outcome of each line, by person."""
    return {line["subject_id"]: line["outcome"] for line in await lines(api, review)}


async def facts(api: Api, action: str) -> list[AuditFact]:
    """Return the audit facts of an action."""
    recorded = await sent(api.database, AuditFactsRecorded)
    return [fact for message in recorded for fact in message.facts if fact.action == action]
