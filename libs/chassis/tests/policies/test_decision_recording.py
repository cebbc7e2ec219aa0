"""Decisions of a serving process reach the outbox of its service, gathered; without the database they become log lines."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.policies import Decision, DecisionLog
from chassis.policies.decision_messages import DECISIONS_MAX, JSON_BYTES_MAX, decisions_message
from chassis.policies.decisions import Inputs
from chassis.policies.recording import DecisionRecorder, recorded_decisions
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, eventually, through
from elcorp.compliance.v1.events_pb2 import PolicyDecision, PolicyDecisionsRecorded
from kernel.ids import new_id
from libs.chassis.tests.persistence.doors_database import VERSIONS

AT = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)
AGES = 3600.0


def denial(**changes: Any) -> Decision:
    inputs = {
        "roles": ("auditor", "user"),
        "organization_id": str(new_id()),
        "interactive": True,
        "ip": "192.0.2.7",
        "authenticated_at": AT,
        "methods": ("pwd", "otp"),
        "attributes": {"owner": "u-2"},
        "facts": {"amount": {"__extn": {"fn": "decimal", "arg": "5.00"}}},
    }
    given = {name: changes.pop(name) for name in tuple(changes) if name in inputs}
    made = {
        "at": AT,
        "allowed": False,
        "principal_kind": "user",
        "principal_id": "u-1",
        "permission": "payment:create",
        "resource_type": "wallet",
        "resource_id": "w-1",
        "inputs": Inputs(**{**inputs, **given}),
        "policies": ("office-hours",),
        "shadow": (),
        "errors": 0,
        "bundle_version": 7,
        "request_id": "req-7",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }
    return Decision(**{**made, **changes})


def read(payload: bytes) -> list[PolicyDecision]:
    return list(PolicyDecisionsRecorded.FromString(payload).decisions)


def sent(*decisions: Decision) -> list[PolicyDecision]:
    return read(decisions_message(decisions, "payments").payload)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def test_a_decision_is_sent_completely() -> None:
    decision = denial(count=3, shadow=("four-eyes",))
    message = decisions_message([decision], "payments")
    assert (message.type, message.aggregate_id, message.facts) == ("policy.decisions.recorded", None, ())
    (found,) = read(message.payload)
    assert UUID(found.decision_id).version == 7
    expected = PolicyDecision(
        decision_id=found.decision_id,
        producer="payments",
        allowed=False,
        principal_kind="user",
        principal_id="u-1",
        permission="payment:create",
        resource_type="wallet",
        resource_id="w-1",
        roles=["auditor", "user"],
        organization_id=decision.inputs.organization_id,
        interactive=True,
        ip="192.0.2.7",
        methods=["pwd", "otp"],
        attributes='{"owner":"u-2"}',
        facts='{"amount":{"__extn":{"fn":"decimal","arg":"5.00"}}}',
        policies=["office-hours"],
        shadow=["four-eyes"],
        bundle_version=7,
        request_id="req-7",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        count=3,
    )
    expected.at.FromDatetime(AT)
    expected.authenticated_at.FromDatetime(AT)
    assert found == expected


def test_what_is_not_known_is_absent() -> None:
    (found,) = sent(denial(authenticated_at=None, organization_id="", attributes={}, facts={}))
    assert not found.HasField("authenticated_at")
    assert (found.organization_id, found.attributes, found.facts, found.is_truncated) == ("", "{}", "{}", False)


@pytest.mark.parametrize("name", ["attributes", "facts"])
@pytest.mark.parametrize(
    "given",
    [{"note": "x" * JSON_BYTES_MAX}, {"note": object()}, {"note": float("nan")}],
    ids=["too long", "no JSON", "no number"],
)
def test_inputs_that_cannot_be_sent_are_left_out_and_that_is_said(name: str, given: dict[str, object]) -> None:
    (found,) = sent(denial(**{name: given}))
    assert (getattr(found, name), found.is_truncated) == ("{}", True)


def test_inputs_of_the_longest_size_are_sent() -> None:
    longest = {"note": "x" * (JSON_BYTES_MAX - len('{"note":""}'))}
    (found,) = sent(denial(facts=longest))
    assert (json.loads(found.facts), found.is_truncated) == (longest, False)


def test_text_that_utf_8_cannot_express_costs_no_other_decision() -> None:
    strange, other = sent(denial(resource_id="\ud800", facts={"note": "\ud800"}), denial())
    assert (strange.resource_id, json.loads(strange.facts), other.resource_id) == ("?", {"note": "\ud800"}, "w-1")


def test_a_message_has_a_limit() -> None:
    assert len(sent(*[denial()] * DECISIONS_MAX)) == DECISIONS_MAX
    for number in (0, DECISIONS_MAX + 1):
        with pytest.raises(ValueError, match="1 to 200"):
            decisions_message([denial()] * number, "payments")


class Batches(list[Sequence[Decision]]):
    async def __call__(self, decisions: Sequence[Decision]) -> None:
        self.append(decisions)


async def test_decisions_are_gathered_until_the_process_ends() -> None:
    batches = Batches()
    decisions = DecisionLog(batches, gather_seconds=AGES)
    made = [denial(principal_id=f"u-{number}") for number in range(3)]
    for each in made:
        decisions.record(each)
    await decisions.close()
    assert batches == [made]
    # A process that ends gathers no more.
    decisions.record(made[0])
    await decisions.close()
    assert batches == [made, made[:1]]


async def test_a_full_batch_does_not_wait() -> None:
    batches = Batches()
    decisions = DecisionLog(batches, batch_max=3, gather_seconds=AGES)
    made = [denial(principal_id=f"u-{number}") for number in range(4)]
    for each in made:
        decisions.record(each)
    await eventually(lambda: batches, [made[:3]])
    await decisions.close()
    assert batches == [made[:3], made[3:]]


async def test_a_batch_that_is_not_full_is_written_when_its_time_is_up() -> None:
    batches = Batches()
    decisions = DecisionLog(batches, gather_seconds=0.001)
    for number in range(2):
        decisions.record(denial(principal_id=f"u-{number}"))
        await eventually(lambda: len(batches), number + 1)


async def test_equal_denials_of_a_gathering_are_one_with_their_number() -> None:
    batches, logged = Batches(), count("policy_decisions_logged_total")
    decisions = DecisionLog(batches, queued_max=10, gather_seconds=AGES)
    first = denial()
    others = [
        denial(principal_kind="service"),
        denial(principal_id="u-2"),
        denial(permission="payment:approve"),
        denial(resource_type="payment"),
        denial(resource_id="w-2"),
        denial(policies=("frozen",)),
        denial(errors=1),
    ]
    allowed = denial(allowed=True)
    for _ in range(500):
        # Another time and other inputs: the first ones are kept.
        decisions.record(replace(first, at=datetime.now(UTC), inputs=denial(facts={}).inputs) if decisions._queue else first)
    for each in (*others, allowed, allowed, others[0]):
        decisions.record(each)
    await decisions.close()
    assert batches == [[replace(first, count=500), replace(others[0], count=2), *others[1:], allowed, allowed]]
    assert count("policy_decisions_logged_total") == logged + 510

    decisions.record(first)
    await decisions.close()
    assert batches[1] == [first]


async def test_what_does_not_fit_is_counted() -> None:
    batches, full = Batches(), count("policy_decisions_dropped_total", reason="full")
    decisions = DecisionLog(batches, queued_max=2, gather_seconds=AGES)
    for number in (1, 2, 3, 1, 3):
        decisions.record(denial(principal_id=f"u-{number}"))
    await decisions.close()
    assert [(each.principal_id, each.count) for each in batches[0]] == [("u-1", 2), ("u-2", 1)]
    assert count("policy_decisions_dropped_total", reason="full") == full + 2


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


async def stored(database: Database) -> list[list[PolicyDecision]]:
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT payload FROM outbox ORDER BY position"))
        return [read(bytes(row.payload)) for row in rows]


async def test_a_process_writes_one_row_and_the_denials_also_as_lines(databases: Databases, urls: DatabaseUrls) -> None:
    async with databases.connect(urls.app, pool_size=2) as database:
        decisions = recorded_decisions(database, "doors")
        with structlog.testing.capture_logs() as lines:
            for each in (denial(), denial(), denial(allowed=True), denial(principal_id="u-2")):
                decisions.record(each)
            await decisions.close()
        (message,) = await stored(database)
    assert [(each.producer, each.principal_id, each.allowed, each.count) for each in message] == [
        ("doors", "u-1", False, 2),
        ("doors", "u-1", True, 1),
        ("doors", "u-2", False, 1),
    ]
    assert [(line["event"], line["actor"], line["decision"], line["times"]) for line in lines] == [
        ("policy_decision", "u-1", "deny", 2),
        ("policy_decision", "u-2", "deny", 1),
    ]


async def test_without_the_database_decisions_become_lines_and_are_counted(
    urls: DatabaseUrls, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]
) -> None:
    proxy = await fault_proxy(*endpoint(urls.app))
    database = Database.connect(through(urls.app, proxy.port), pool_size=1)
    failed = count("policy_decisions_dropped_total", reason="failed")
    try:
        proxy.refuse()
        decisions = recorded_decisions(database, "doors")
        with structlog.testing.capture_logs() as lines:
            for each in (denial(), denial(), denial(allowed=True)):
                decisions.record(each)
            await decisions.close()
        assert [(line["event"], line.get("decision")) for line in lines] == [
            ("policy_decision", "deny"),
            ("policy_decision", "allow"),
            ("policy_decisions_not_logged", None),
        ]
        assert count("policy_decisions_dropped_total", reason="failed") == failed + 3
        await proxy.heal()
        decisions.record(denial())
        await decisions.close()
        assert [[each.count for each in message] for message in await stored(database)] == [[1]]
    finally:
        await database.close()


async def test_a_process_that_ends_while_the_database_is_silent_leaves_lines(
    urls: DatabaseUrls, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]
) -> None:
    proxy = await fault_proxy(*endpoint(urls.app))
    database = Database.connect(through(urls.app, proxy.port), pool_size=1)
    closed = count("policy_decisions_dropped_total", reason="closed")
    try:
        await database.ping()
        proxy.blackhole()
        decisions = DecisionLog(DecisionRecorder(database, "doors"))
        with structlog.testing.capture_logs() as lines:
            decisions.record(denial())
            await decisions.close(seconds_max=0.05)
        assert [line["event"] for line in lines] == ["policy_decision"]
        assert count("policy_decisions_dropped_total", reason="closed") == closed + 1
    finally:
        await proxy.heal()
        await database.close()
