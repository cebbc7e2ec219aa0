"""Every denial and a sample of the rest are recorded; what cannot be written delays and fails no decision."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from io import StringIO

import pytest
import structlog
from prometheus_client import REGISTRY

from chassis import telemetry
from chassis.policies import Decision, DecisionLog, Policies, Resource, decision_log, engine
from chassis.telemetry.logs import setup_logs
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import bundle_of
from chassis.testing.running import eventually
from kernel.actor import Actor, ActorKind
from kernel.errors import AccessDenied
from kernel.ids import new_id

GRANTS = {"user": ["wallet:read", "payment:create"], "staff": ["wallet:read", "audit:view"]}
ANNA = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"user"}), request_id="req-0")
CLERK = replace(ANNA, subject_id=str(new_id()), roles=frozenset({"user", "staff"}))


class Recorded(list[Decision]):
    def record(self, decision: Decision) -> None:
        self.append(decision)


def deciding(
    clock: ControlledClock, sink: Recorded | DecisionLog, *, ratio: float = 0, sample: Callable[[], float] = lambda: 0.5
) -> Policies:
    policies = Policies(clock, decisions=sink, allows_logged_ratio=ratio, sample=sample)
    policies.load(bundle_of(GRANTS, version=7))
    return policies


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def test_a_denial_is_recorded_with_who_what_why_and_where(clock: ControlledClock) -> None:
    recorded = Recorded()
    policies = deciding(clock, recorded)
    with telemetry.span("request") as span, telemetry.bind_request("req-7"), pytest.raises(AccessDenied):
        policies.require(ANNA, "audit:view", Resource("wallet", "w-1", {"owner": "u-2"}), {"note": "for my aunt"})
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert [asdict(decision) for decision in recorded] == [
        {
            "at": clock.now(),
            "allowed": False,
            "principal_kind": "user",
            "principal_id": ANNA.subject_id,
            "permission": "audit:view",
            "resource_type": "wallet",
            "resource_id": "w-1",
            "inputs": {
                "roles": ("user",),
                "organization_id": "",
                "interactive": False,
                "ip": "",
                "authenticated_at": None,
                "methods": (),
                "attributes": {"owner": "u-2"},
                # Also what no policy reads: a later one may.
                "facts": {"note": "for my aunt"},
            },
            "policies": (),
            "shadow": (),
            "errors": 0,
            "bundle_version": 7,
            "request_id": "req-7",
            "trace_id": trace_id,
            "count": 1,
        }
    ]


def test_the_deciding_policies_are_named(clock: ControlledClock) -> None:
    recorded = Recorded()
    policies = deciding(clock, recorded, ratio=1)
    bundle = bundle_of(GRANTS)
    more = """
        @id("frozen") forbid(principal, action, resource) when { resource.id == "w-2" };
        permit(principal, action, resource);
    """
    policies.load(replace(bundle, policies=bundle.policies + more))
    policies.allows(CLERK, "wallet:read", Resource("wallet", "w-1"))
    policies.allows(CLERK, "wallet:read", Resource("wallet", "w-2"))
    assert [(decision.allowed, decision.policies) for decision in recorded] == [
        # A policy without a name has its position.
        (True, ("policy3", "role:staff", "role:user")),
        (False, ("frozen",)),
    ]


@pytest.mark.parametrize(("ratio", "logged"), [(0, 0), (0.25, 1), (0.5, 2), (1, 4)])
def test_every_denial_and_a_part_of_the_rest_are_recorded_also_from_the_cache(
    clock: ControlledClock, ratio: float, logged: int
) -> None:
    recorded, samples = Recorded(), iter([0.0, 0.25, 0.5, 0.999])
    policies = deciding(clock, recorded, ratio=ratio, sample=lambda: next(samples))
    decided = {name: count("policy_decisions_total", permission="payment:create", decision=name) for name in ("allow", "deny")}
    for _ in range(4):
        assert policies.allows(ANNA, "payment:create")
        assert not policies.allows(Actor.anonymous(), "payment:create")
    assert [decision.allowed for decision in recorded].count(True) == logged
    assert [decision.allowed for decision in recorded].count(False) == 4
    for name, before in decided.items():
        assert count("policy_decisions_total", permission="payment:create", decision=name) == before + 4


def test_names_from_callers_are_shortened(clock: ControlledClock) -> None:
    recorded = Recorded()
    policies = deciding(clock, recorded)
    context = {f"{number:04}" + "k" * 500: number for number in range(500)}
    policies.allows(replace(ANNA, subject_id="s" * 500), "p" * 500, Resource("t" * 500, "i" * 500), context)
    (decision,) = recorded
    texts = [decision.principal_id, decision.permission, decision.resource_type, decision.resource_id, *decision.inputs.facts]
    assert {len(text) for text in texts} == {128}
    assert len(decision.inputs.facts) == 32


def decision(number: int = 0) -> Decision:
    recorded = Recorded()
    deciding(ControlledClock(), recorded).allows(replace(ANNA, subject_id=f"u-{number}"), "audit:view")
    return recorded[0]


class Writer:
    """Writes when the test opens the gate, and fails when told to."""

    def __init__(self) -> None:
        self.written: list[Decision] = []
        self.gate = asyncio.Event()
        self.fails = False

    async def __call__(self, decisions: Sequence[Decision]) -> None:
        await self.gate.wait()
        if self.fails:
            raise ConnectionError("away")
        self.written.extend(decisions)


async def test_a_slow_writer_delays_no_decision_and_what_is_dropped_is_counted() -> None:
    writer = Writer()
    decisions, dropped = DecisionLog(writer, queued_max=100), count("policy_decisions_dropped_total", reason="full")
    decisions.record(decision())
    # The task has taken the first one, and waits for the writer.
    await eventually(lambda: len(decisions._queue), 0)
    for number in range(1, 151):
        decisions.record(decision(number))
    assert count("policy_decisions_dropped_total", reason="full") == dropped + 50
    writer.gate.set()
    await decisions.close()
    assert [each.principal_id for each in writer.written] == [f"u-{number}" for number in range(101)]


async def test_a_failing_writer_fails_no_decision_and_the_next_are_written(clock: ControlledClock) -> None:
    writer = Writer()
    writer.gate.set()
    writer.fails = True
    decisions, failed = DecisionLog(writer), count("policy_decisions_dropped_total", reason="failed")
    policies = deciding(clock, decisions)
    with structlog.testing.capture_logs() as lines:
        assert not policies.allows(ANNA, "audit:view")
        await eventually(lambda: count("policy_decisions_dropped_total", reason="failed"), failed + 1)
    assert lines == [{"event": "policy_decisions_not_logged", "log_level": "warning", "decisions": 1, "error": "ConnectionError"}]
    writer.fails = False
    assert not policies.allows(ANNA, "audit:view")
    await decisions.close()
    assert len(writer.written) == 1


async def test_the_end_of_a_process_does_not_wait_for_a_writer_that_hangs() -> None:
    decisions, closed = DecisionLog(Writer()), count("policy_decisions_dropped_total", reason="closed")
    for number in range(60):
        decisions.record(decision(number))
    await decisions.close(seconds_max=0.05)
    assert count("policy_decisions_dropped_total", reason="closed") == closed + 60


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    out, root = StringIO(), logging.getLogger()
    before = structlog.get_config(), root.handlers[:], root.level
    # A logger keeps the configuration of its first line; these are the test's own.
    for module in (decision_log, engine):
        monkeypatch.setattr(module, "log", structlog.get_logger())
    setup_logs("payments-serve", "info", out)
    yield out
    structlog.configure(**before[0])
    root.handlers[:] = before[1]
    root.setLevel(before[2])


async def test_lines_have_the_ids_of_their_own_request_and_no_personal_data(output: StringIO, clock: ControlledClock) -> None:
    decisions = DecisionLog()
    policies = deciding(clock, decisions)
    resource = Resource("user", "anna@example.na", {"owner": "u-2"})
    for request_id in ("req-1", "req-2"):
        with telemetry.span("request"), telemetry.bind_request(request_id, ip="192.0.2.7"):
            policies.allows(ANNA, "audit:view", resource, {"phone": "+264811234567"})
    await decisions.close()
    lines = [line for line in map(json.loads, output.getvalue().splitlines()) if line["event"] == "policy_decision"]
    assert [(line["request_id"], line["actor"], line["decision"]) for line in lines] == [
        ("req-1", ANNA.subject_id, "deny"),
        ("req-2", ANNA.subject_id, "deny"),
    ]
    assert len({line["trace_id"] for line in lines}) == 2
    assert {line["resource_id"] for line in lines} == {"[hidden]"}
    for personal in ("Shikongo", "81123", "192.0.2.7"):
        assert personal not in json.dumps(lines)
