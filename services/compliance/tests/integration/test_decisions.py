"""Decisions of policies are stored once, found, summarized, and removed with their person or by age."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from compliance import wiring
from compliance.application.decisions import Decisions
from compliance.application.decisions.list_decisions import PAGE_JSON_BYTES_MAX
from compliance.application.decisions.purge_decisions import PurgeDecisions
from compliance.application.decisions.record_decisions import AHEAD_MAX
from compliance.application.decisions.views import DecisionFilter, ShadowDenials
from compliance.application.erasures.acknowledge_erasure import LOG_BEHIND
from compliance.bootstrap import jobs
from compliance.domain.decision import PolicyDecision
from compliance.interfaces.jobs import decision_jobs
from compliance.settings import ComplianceSettings
from kernel.actor import Actor
from kernel.erasures import ErasureRequest
from kernel.errors import InvalidValue
from kernel.ids import new_id
from kernel.pages import CursorRequest
from services.compliance.tests.decisions import decision
from services.compliance.tests.entries import AT
from services.compliance.tests.fakes.log_signer import Signer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def decisions(database: Database, clock: ControlledClock) -> Decisions:
    return wiring.use_cases(database=database, signer=Signer(), clock=clock).decisions


async def found(decisions: Decisions, **wanted: Any) -> list[PolicyDecision]:
    page = await decisions.list_decisions(wanted=DecisionFilter(**wanted), cursor=CursorRequest(limit=500))
    return list(page.items)


async def test_a_decision_is_stored_completely_and_once(decisions: Decisions) -> None:
    full = decision()
    bare = decision(at=AT - MINUTE, organization_id=None, authenticated_at=None, roles=(), policies=(), methods=(), facts="{}")
    assert await decisions.record_decisions(decisions=[full, bare, full]) == 2
    # Its second delivery, in another batch, changes nothing.
    assert await decisions.record_decisions(decisions=[replace(full, allowed=True), decision(at=AT - 2 * MINUTE)]) == 1
    assert (await found(decisions))[:2] == [full, bare]


async def test_any_text_is_stored(decisions: Decisions) -> None:
    strange = decision(resource_id="a\0b", facts='{"note":"\\u0000","number":1.10}', roles=("x\0",))
    await decisions.record_decisions(decisions=[strange])
    assert await found(decisions) == [replace(strange, resource_id="a\ufffdb", roles=("x\ufffd",))]


async def test_more_decisions_than_one_statement_takes_are_stored(decisions: Decisions) -> None:
    assert await decisions.record_decisions(decisions=[decision() for _ in range(1_001)]) == 1_001


async def test_pages_are_in_order_of_time_and_of_ids(decisions: Decisions) -> None:
    made = [decision(at=at) for at in (AT, AT, AT, AT + MINUTE, AT - MINUTE)]
    await decisions.record_decisions(decisions=made)
    seen: list[PolicyDecision] = []
    after: str | None = None
    for _ in range(3):
        page = await decisions.list_decisions(wanted=DecisionFilter(), cursor=CursorRequest(after, limit=2))
        seen += page.items
        after = page.next_cursor
    assert after is None
    assert seen == sorted(made, key=lambda each: (each.at, each.id), reverse=True)
    for wrong in ("x", "1", "9" * 18 + "~" + "0" * 32, f"1~{new_id()}"):
        with pytest.raises(InvalidValue):
            await decisions.list_decisions(wanted=DecisionFilter(), cursor=CursorRequest(wrong))


async def test_a_page_of_long_decisions_is_shorter_and_complete(decisions: Decisions) -> None:
    long = f'{{"note":"{"x" * 8_000}"}}'
    number = PAGE_JSON_BYTES_MAX // 16_000 + 10
    made = [decision(attributes=long, facts=long) for _ in range(number)]
    await decisions.record_decisions(decisions=made)
    first = await decisions.list_decisions(wanted=DecisionFilter(), cursor=CursorRequest(limit=500))
    assert 0 < len(first.items) < number
    rest = await decisions.list_decisions(wanted=DecisionFilter(), cursor=CursorRequest(first.next_cursor, limit=500))
    assert ({each.id for each in (*first.items, *rest.items)}, rest.next_cursor) == ({each.id for each in made}, None)


@pytest.mark.parametrize(
    "wanted",
    [
        {"principal_id": "u-1"},
        {"permissions": ["audit:view", "payment:create"]},
        {"allowed": True},
        {"policy": "four-eyes"},
        {"shadow_policy": "night"},
        {"since": AT},
        {"until": AT},
        {"principal_id": "u-1", "allowed": True},
    ],
    ids="-".join,
)
async def test_filters_must_all_match(decisions: Decisions, wanted: dict[str, Any]) -> None:
    made = [
        decision(principal_id="u-1", permission="payment:create", at=AT),
        decision(principal_id="u-1", allowed=True, permission="wallet:read", at=AT - MINUTE),
        decision(allowed=True, permission="audit:view", shadow=("noon", "night"), at=AT + MINUTE),
        decision(policies=("office-hours", "four-eyes"), permission="wallet:read", at=AT - MINUTE),
    ]
    await decisions.record_decisions(decisions=made)
    matching = {
        "principal_id": lambda each: each.principal_id == "u-1",
        "permissions": lambda each: each.permission != "wallet:read",
        "allowed": lambda each: each.allowed,
        "policy": lambda each: "four-eyes" in each.policies,
        "shadow_policy": lambda each: "night" in each.shadow,
        "since": lambda each: each.at >= AT,
        "until": lambda each: each.at < AT,
    }
    expected = {each.id for each in made if all(matching[name](each) for name in wanted)}
    assert {each.id for each in await found(decisions, **wanted)} == expected
    assert expected


async def test_what_a_shadow_policy_would_have_denied_is_counted(decisions: Decisions) -> None:
    night: dict[str, Any] = {"allowed": True, "shadow": ("night",)}
    await decisions.record_decisions(
        decisions=[
            decision(principal_id="u-1", roles=("user",), count=2, **night),
            decision(principal_id="u-1", roles=("clerk", "user"), at=AT + MINUTE, **night),
            decision(principal_id="u-2", at=AT + 2 * MINUTE, **night | {"shadow": ("night", "noon")}),
            decision(principal_id="u-2", permission="audit:view", roles=(), at=AT + MINUTE, **night),
            # Of another policy, from before, and of none.
            decision(allowed=True, shadow=("noon",)),
            decision(at=AT - MINUTE, **night),
            decision(allowed=True),
        ]
    )
    assert await decisions.summarize_shadow_denials(policy="night", since=AT) == [
        ShadowDenials(None, 5, 2, AT, AT + 2 * MINUTE),
        ShadowDenials("payment:create", 4, 2, AT, AT + 2 * MINUTE, ("clerk", "user")),
        ShadowDenials("audit:view", 1, 1, AT + MINUTE, AT + MINUTE),
    ]
    assert await decisions.summarize_shadow_denials(policy="dusk", since=AT) == []


async def test_a_decision_of_the_future_is_refused(decisions: Decisions, clock: ControlledClock) -> None:
    latest = decision(at=clock.now() + AHEAD_MAX)
    with pytest.raises(InvalidValue):
        await decisions.record_decisions(decisions=[decision(), replace(latest, at=latest.at + timedelta(microseconds=1))])
    assert await found(decisions) == []
    assert await decisions.record_decisions(decisions=[latest]) == 1


async def test_an_erasure_removes_the_decisions_of_its_person(database: Database, clock: ControlledClock) -> None:
    app = wiring.use_cases(database=database, signer=Signer(), clock=clock)
    person = new_id()
    others = decision(resource_id=str(person))
    await app.decisions.record_decisions(decisions=[decision(principal_id=str(person)) for _ in range(3)] + [others])
    request = ErasureRequest(erasure_id=new_id(), user_id=person, requested_at=clock.now())
    clock.advance(seconds=LOG_BEHIND.total_seconds())
    await app.erasures.acknowledge_erasure(actor=Actor.service("compliance"), request=request)
    assert await found(app.decisions) == [others]


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_old_decisions_are_purged_and_younger_ones_stay(
    decisions: Decisions, database: Database, clock: ControlledClock, batch: int
) -> None:
    purge = wiring.purge_decisions(database=database, clock=clock, keep_days=30)
    edge = clock.now() - timedelta(days=30)
    kept = [decision(at=edge), decision(at=clock.now())]
    old = [decision(at=edge - timedelta(microseconds=1)), decision(at=edge - timedelta(days=300)), decision(at=edge - MINUTE)]
    await decisions.record_decisions(decisions=[*old, *kept])
    assert await purge(batch=batch) == 3
    assert {each.id for each in await found(decisions)} == {each.id for each in kept}
    assert await purge(batch=batch) == 0


async def test_the_purge_is_a_job(urls: DatabaseUrls, decisions: Decisions, database: Database, clock: ControlledClock) -> None:
    app = jobs(ComplianceSettings(database_url=urls.app))
    schedule = {name: task.cron for (name, _), task in app.periodic_registry.periodic_tasks.items()}
    assert {name: cron for name, cron in schedule.items() if name.startswith("compliance:")} == {
        "compliance:purge_decisions": "35 * * * *"
    }
    await decisions.record_decisions(decisions=[decision(at=clock.now() - timedelta(days=31))])
    purge: PurgeDecisions = wiring.purge_decisions(database=database, clock=clock, keep_days=30)
    assert await decision_jobs(purge).tasks["purge_decisions"].func(timestamp=0) == 1


@pytest.mark.parametrize("change", ["UPDATE policy_decisions SET allowed = true", "TRUNCATE policy_decisions"])
async def test_the_runtime_role_cannot_change_decisions(database: Database, change: str) -> None:
    async with database.session() as session:
        with pytest.raises(Exception, match="permission denied"):
            await session.execute(text(change))
