"""What policies read about a question and its environment, what is only watched, and denials that a step-up ends."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from chassis.policies import Bundle, Decision, Policies
from chassis.policies.environment import LONG_AGO_MINUTES, environment_of
from chassis.policies.facts import facts_of
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import bundle_of
from elcorp.payments.v1.policy_questions_pb2 import PaymentFacts
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment
from kernel.actor import Actor, ActorKind
from kernel.assurance import StepUpRequired
from kernel.business_time import SpecialDay
from kernel.errors import AccessDenied

PAY = 'forbid(principal, action in [Action::"payment:create"], resource) when'
CLERK = Actor(
    kind=ActorKind.USER,
    subject_id="0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10",
    roles=frozenset({"staff"}),
    session_id=UUID(int=1),
    ip="10.1.2.3",
)
TYPES: Mapping[str, Mapping[str, object]] = {
    "amount": {"type": "Extension", "name": "decimal", "required": False},
    "interactive": {"type": "Boolean"},
    "now": {"type": "Extension", "name": "datetime"},
    "minute_of_day": {"type": "Long"},
    "weekday": {"type": "Long"},
    "public_holiday": {"type": "Boolean"},
    "ip": {"type": "Extension", "name": "ipaddr", "required": False},
    "two_factors": {"type": "Boolean"},
    "minutes_since_sign_in": {"type": "Long"},
}


def bundle(*policies: str, facts: tuple[str, ...] = (), shadow: str = "") -> Bundle:
    made = bundle_of({"staff": ["payment:create", "wallet:read"], "user": ["wallet:read"]})
    schema = json.loads(made.schema)
    schema[""]["actions"]["payment:create"]["appliesTo"]["context"]["attributes"] = {name: TYPES[name] for name in facts}
    return Bundle(1, "\n".join((made.policies, *policies)), json.dumps(schema), shadow)


def loaded(clock: ControlledClock, *policies: str, facts: tuple[str, ...] = (), shadow: str = "") -> Policies:
    made = Policies(clock)
    made.load(bundle(*policies, facts=facts, shadow=shadow))
    return made


@pytest.mark.parametrize(("amount", "allowed"), [("100", True), ("100.0000", True), ("100.0001", False), ("99.9999", True)])
def test_a_message_of_the_contract_gives_the_facts(clock: ControlledClock, amount: str, allowed: bool) -> None:
    limit = f'{PAY} {{ context has amount && context.amount.greaterThan(decimal("100.0")) }};'
    policies = loaded(clock, limit, facts=("amount",))
    facts = PaymentFacts(amount=amount if "." in amount else f"{amount}.0", currency="NAD", kind="transfer")
    assert policies.allows(CLERK, "payment:create", facts=facts) is allowed
    # At the door nothing is known of the amount yet.
    assert policies.allows(CLERK, "payment:create")
    assert policies.asks_about("payment:create")
    assert not policies.asks_about("wallet:read")


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (datetime(2026, 3, 20, 6, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 20, 7, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 20, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 20, 15, 0, tzinfo=UTC), False),
        # Independence Day is a Saturday in 2026, and the Sunday after it is no holiday.
        (datetime(2026, 3, 21, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 23, 10, 0, tzinfo=UTC), True),
        # Good Friday.
        (datetime(2026, 4, 3, 10, 0, tzinfo=UTC), False),
    ],
)
def test_office_hours_are_those_of_windhoek(at: datetime, allowed: bool) -> None:
    clock = ControlledClock(at)
    open_ = "context.minute_of_day >= 540 && context.minute_of_day < 1020 && context.weekday <= 5 && !context.public_holiday"
    policies = loaded(clock, f"{PAY} {{ !({open_}) }};", facts=("minute_of_day", "weekday", "public_holiday"))
    assert policies.allows(CLERK, "payment:create") is allowed
    assert not policies.asks_about("payment:create"), "the process itself knows the time"


def test_a_decision_is_not_remembered_beyond_its_minute() -> None:
    clock = ControlledClock(datetime(2026, 3, 20, 14, 59, tzinfo=UTC))
    policies = loaded(clock, f"{PAY} {{ context.minute_of_day >= 1020 }};", facts=("minute_of_day",))
    assert policies.allows(CLERK, "payment:create")
    clock.advance(seconds=60)
    assert not policies.allows(CLERK, "payment:create")


@pytest.mark.parametrize(
    ("ip", "allowed"),
    [
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_a_network_is_judged_by_the_address_of_the_client(clock: ControlledClock, ip: str, allowed: bool) -> None:
    inside = 'context has ip && context.ip.isInRange(ip("10.1.0.0/16"))'
    policies = loaded(clock, f"{PAY} {{ !({inside}) }};", facts=("ip",))
    assert policies.allows(replace(CLERK, ip=ip), "payment:create") is allowed


def test_the_environment_in_full() -> None:
    at = datetime(2026, 12, 31, 22, 30, 59, tzinfo=UTC)
    actor = replace(CLERK, authenticated_at=at - timedelta(minutes=4, seconds=59), methods=("pwd", "mfa"))

    def special(day: date) -> SpecialDay | None:
        return SpecialDay("New Year's Day") if day == date(2027, 1, 1) else None

    found = environment_of(actor, at, special_days=special)
    assert found == RequestEnvironment(
        interactive=True,
        now="2026-12-31T22:30:00Z",
        minute_of_day=30,
        weekday=5,
        public_holiday=True,
        ip="10.1.2.3",
        two_factors=True,
        minutes_since_sign_in=4,
    )
    job = environment_of(Actor.service("payments"), at, special_days=special)
    assert (job.interactive, job.HasField("ip"), job.minutes_since_sign_in) == (False, False, LONG_AGO_MINUTES)
    assert facts_of(found, {"ip", "now"}) == {
        "now": {"__extn": {"fn": "datetime", "arg": "2026-12-31T22:30:00Z"}},
        "ip": {"__extn": {"fn": "ip", "arg": "10.1.2.3"}},
    }
    assert facts_of(job, {"ip", "weekday"}) == {"weekday": 5}


MFA = f'@id("policy:mfa")\n@step_up("300")\n{PAY} {{ !context.two_factors || context.minutes_since_sign_in >= 5 }};'
FACTORS = ("two_factors", "minutes_since_sign_in")


def test_a_denial_that_a_step_up_ends_asks_for_it(clock: ControlledClock) -> None:
    policies = loaded(clock, MFA, facts=FACTORS)
    with pytest.raises(StepUpRequired) as refused:
        policies.require(CLERK, "payment:create")
    assert refused.value.facts == {"multi_factor": True, "age_seconds_max": 300}
    fresh = replace(CLERK, authenticated_at=clock.now(), methods=("pwd", "otp", "mfa"))
    policies.require(fresh, "payment:create")
    clock.advance(seconds=300)
    with pytest.raises(StepUpRequired):
        policies.require(fresh, "payment:create")


@pytest.mark.parametrize("why", ["no role permits it", "another policy forbids it"])
def test_nobody_steps_up_only_to_be_denied(clock: ControlledClock, why: str) -> None:
    other = f'@id("policy:other")\n{PAY} {{ true }};'
    policies = loaded(clock, MFA, *([other] if why.startswith("another") else []), facts=FACTORS)
    actor = CLERK if why.startswith("another") else replace(CLERK, roles=frozenset({"user"}))
    with pytest.raises(AccessDenied) as denied:
        policies.require(actor, "payment:create")
    assert denied.value.facts["policies"] == (("policy:mfa", "policy:other") if why.startswith("another") else ("policy:mfa",))


class Recorded(list[Decision]):
    def record(self, decision: Decision) -> None:
        self.append(decision)


def test_a_shadow_policy_denies_nothing_and_is_recorded(clock: ControlledClock) -> None:
    recorded = Recorded()
    policies = Policies(clock, decisions=recorded, allows_logged_ratio=0)
    shadow = f'@id("policy:night")\n{PAY} {{ context.minute_of_day < 660 }};'
    policies.load(bundle(shadow=shadow, facts=("minute_of_day",)))

    for _ in range(2):  # decided, and remembered
        assert policies.allows(CLERK, "payment:create")
    assert policies.allows(CLERK, "wallet:read")
    assert not policies.allows(replace(CLERK, roles=frozenset({"user"})), "payment:create")
    clock.advance(seconds=3600)
    policies.confirm()
    assert policies.allows(CLERK, "payment:create")

    shown = [(each.allowed, each.permission, each.shadow) for each in recorded]
    watched = (True, "payment:create", ("policy:night",))
    # What is denied anyway would not be denied by the shadow policy.
    assert shown == [watched, watched, (False, "payment:create", ())]


def test_a_shadow_policy_that_fails_to_evaluate_denies_nothing(clock: ControlledClock) -> None:
    shadow = f'@id("policy:sum")\n{PAY} {{ context.minute_of_day + 9223372036854775807 > 0 }};'
    recorded = Recorded()
    policies = Policies(clock, decisions=recorded, allows_logged_ratio=0)
    policies.load(bundle(shadow=shadow, facts=("minute_of_day",)))
    assert policies.allows(CLERK, "payment:create")
    assert [each.shadow for each in recorded] == [("policy:sum",)]
    # Another one in shadow is not hidden by it, and one in force is named by its denial.
    both = f'{shadow}\n@id("policy:night")\n{PAY} {{ context.minute_of_day >= 0 }};'
    policies.load(bundle(shadow=both, facts=("minute_of_day",)))
    assert policies.decide(CLERK, "payment:create").shadow == ("policy:night", "policy:sum")
    policies.load(bundle(shadow, facts=("minute_of_day",)))
    denied = policies.decide(CLERK, "payment:create")
    assert (denied.allowed, denied.policies, denied.errors) == (False, ("policy:sum",), 1)


def test_a_shadow_policy_is_tried_however_its_action_is_written(clock: ControlledClock) -> None:
    policies = Policies(clock)
    for action in ('Action :: "payment:create"', 'Action::"payment\\u{3a}create"'):
        shadow = f'@id("policy:one")\nforbid(principal, action == {action}, resource);'
        policies.load(bundle(shadow=shadow))
        assert policies.decide(CLERK, "payment:create").shadow == ("policy:one",)


def test_a_service_is_asked_for_a_resource_that_the_scope_names(clock: ControlledClock) -> None:
    policy = '@id("policy:one")\nforbid(principal, action == Action::"payment:create", resource == Resource::"wallet/1");'
    assert loaded(clock, policy).asks_about("payment:create")


@pytest.mark.parametrize(
    ("condition", "is_asked"),
    [
        ('resource has owner && resource.owner == "me"', True),
        ("context has amount", True),
        ('!(principal in Role::"staff" || context has amount && context.minute_of_day < 5)', True),
        ("context.minute_of_day < 5", False),
        ('principal in Role::"staff"', False),
        ("context has ip", False),
    ],
)
@pytest.mark.parametrize("is_shadow", [False, True])
def test_a_service_is_asked_for_what_only_it_knows(
    clock: ControlledClock, condition: str, is_asked: bool, is_shadow: bool
) -> None:
    policy = f'@id("policy:one")\n{PAY} {{ {condition} }};'
    facts = ("amount", "minute_of_day", "ip")
    policies = loaded(clock, facts=facts, shadow=policy) if is_shadow else loaded(clock, policy, facts=facts)
    assert policies.asks_about("payment:create") is is_asked
    assert not policies.asks_about("wallet:read")
