"""What a filled in template forbids, compared with a model in Python; and what its sentence says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.business_time.namibia import namibian_special_days
from chassis.testing.clocks import ControlledClock
from governance.application.ports.policies import TriedPolicies
from governance.domain.policies import PolicyInForce, compile_policies, schema_of_everything
from governance.domain.policy import Policy, PolicyMode
from governance.domain.policy_case import SOMEBODY, THEIR_ORGANIZATION, PolicyCase
from governance.domain.policy_templates import TEMPLATES, find_template
from governance.domain.role import Permission, Role
from governance.domain.template_parameters import WEEKDAYS
from governance.infrastructure.cedar_reader import CedarReader
from governance.infrastructure.contract_vocabulary import contract_vocabulary
from governance.infrastructure.policy_checker import CedarChecker
from governance.infrastructure.policy_lab import EnginePolicyLab
from kernel.errors import InvalidValues

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
DESCRIBED = {"payment:create": "Make a payment", "payment:approve": "Approve a payment", "document:view": "View a document"}
PERMISSIONS = [Permission(name, text) for name, text in DESCRIBED.items()]
VOCABULARY = contract_vocabulary()
LAB = EnginePolicyLab(VOCABULARY, namibian_special_days({}), ControlledClock())
ROLES = ("staff", "user", "admin")


def roles() -> list[Role]:
    made = []
    for name in ROLES:
        role = Role.create(name, title=name, description="")
        role.set_permissions(PERMISSIONS)
        made.append(role)
    return made


def tried(template: str, parameters: Mapping[str, Any]) -> TriedPolicies:
    """Put a filled in template in force beside roles that permit everything. It must be valid against the whole schema."""
    text = find_template(template).fill(parameters, DESCRIBED)
    assert CedarChecker().errors(text.cedar, schema_of_everything(PERMISSIONS, VOCABULARY)) == []
    policy = Policy.make("tried", description="x", owner="x", by="test", at=AT)
    version = policy.write(text, by="test", at=AT)
    in_force = PolicyInForce(version, PolicyMode.ENFORCED, CedarReader().read(text.cedar))
    compiled = compile_policies(roles(), PERMISSIONS, (), [in_force], VOCABULARY)
    CedarChecker().check(compiled)
    return LAB.open(compiled)


def allowed(policies: TriedPolicies, action: str = "payment:create", role: str = "staff", **case: Any) -> bool:
    return policies.judge(PolicyCase(action=action, roles=frozenset({role}), **case)).allowed


times, days_of_a_week = st.integers(0, 1439), st.integers(1, 7)


@settings(max_examples=60)
@given(
    times,
    times,
    st.sets(st.integers(1, 7), min_size=1),
    st.booleans(),
    st.lists(st.tuples(times, st.integers(1, 7), st.booleans())),
)
def test_a_time_window_is_open_at_its_times(
    starts: int, ends: int, days: set[int], closed: bool, asked: list[tuple[int, int, bool]]
) -> None:
    parameters = {
        "permissions": ["payment:create"],
        "starts": f"{starts // 60:02}:{starts % 60:02}",
        "ends": f"{ends // 60:02}:{ends % 60:02}",
        "weekdays": [WEEKDAYS[day - 1] for day in days],
        "closed_on_holidays": closed,
    }
    if starts == ends:
        with pytest.raises(InvalidValues):
            find_template("time-window").fill(parameters, DESCRIBED)
        return
    policies = tried("time-window", parameters)
    for minute, day, holiday in [*asked, (starts, min(days), False), (ends, min(days), False)]:
        # Over midnight, the morning belongs to the day before.
        began = day if starts < ends or minute >= starts else (day - 2) % 7 + 1
        within = starts <= minute < ends if starts < ends else minute >= starts or minute < ends
        is_open = within and began in days and not (closed and holiday)
        environment = {"minute_of_day": minute, "weekday": day, "public_holiday": holiday}
        assert allowed(policies, environment=environment) is is_open
        # A planned payment was judged when it was ordered.
        assert allowed(policies, environment={**environment, "interactive": False})


amounts = st.decimals(0, 10**9, places=2)


@settings(max_examples=60)
@given(amounts, st.lists(amounts, max_size=5), st.sampled_from(["NAD", "USD"]))
def test_an_amount_limit_holds_in_its_currency(limit: Decimal, asked: Sequence[Decimal], currency: str) -> None:
    policies = tried("amount-limit", {"permissions": ["payment:create"], "amount": f"{limit:f}", "currency": "NAD"})
    for amount in [*asked, limit, limit + Decimal("0.0001")]:
        facts = {"amount": f"{amount:.4f}", "currency": currency}
        assert allowed(policies, facts=facts) is (currency != "NAD" or amount <= limit)
    assert allowed(policies), "before the request is read, there is no amount"


addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str) | st.sampled_from(["10.1.2.3", "2001:db8::7"])


@settings(max_examples=60)
@given(st.lists(addresses, max_size=6))
def test_a_network_range_lets_in_its_networks(asked: Sequence[str]) -> None:
    networks = ["10.0.0.0/8", "2001:db8::/32"]
    policies = tried("network-range", {"permissions": ["payment:create"], "networks": networks})
    for address in asked:
        inside = any(ip_address(address) in ip_network(each) for each in networks)
        assert allowed(policies, environment={"ip": address}) is inside
    assert not allowed(policies, environment={"ip": None})


@settings(max_examples=40)
@given(st.integers(1, 1440), st.booleans(), st.integers(0, 2000), st.none() | amounts)
def test_recent_factors_are_asked_for(minutes: int, two: bool, ago: int, amount: Decimal | None) -> None:
    parameters: dict[str, Any] = {"permissions": ["payment:create"], "minutes": minutes}
    fresh = two and ago < minutes
    environment = {"two_factors": two, "minutes_since_sign_in": ago}
    facts = {} if amount is None else {"amount": f"{amount:.4f}", "currency": "NAD"}
    assert allowed(tried("mfa-recent", parameters), environment=environment, facts=facts) is fresh
    above = tried("mfa-recent", {**parameters, "above": "1000.00", "currency": "NAD"})
    assert allowed(above, environment=environment, facts=facts) is (fresh or amount is None or amount <= 1000)
    assert find_template("mfa-recent").fill(parameters, DESCRIBED).step_up_seconds == minutes * 60


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("classification", [None, "public", "secret", "classified"])
def test_what_is_classified_is_for_some_roles(role: str, classification: str | None) -> None:
    parameters = {
        "permissions": ["document:view"],
        "classifications": ["secret", "classified"],
        "allowed_roles": ["admin", "user"],
    }
    attributes = {} if classification is None else {"classification": classification}
    is_open = classification in {None, "public"} or role in {"admin", "user"}
    assert allowed(tried("classification", parameters), "document:view", role, attributes=attributes) is is_open


MAY = "may make a payment (payment:create) only"
ANOTHER = "00000000-0000-4000-8000-0000000000ff"


@pytest.mark.parametrize("acts_for", ["", THEIR_ORGANIZATION])
@pytest.mark.parametrize("of", [None, SOMEBODY, THEIR_ORGANIZATION, ANOTHER])
def test_own_resources_and_organizations(of: str | None, acts_for: str) -> None:
    own = tried("own-resource", {"permissions": ["payment:create"]})
    within = tried("organization-scope", {"permissions": ["payment:create"]})
    owner = {} if of is None else {"owner": of}
    organization = {} if of is None else {"organization": of}
    is_theirs = of == THEIR_ORGANIZATION and acts_for == THEIR_ORGANIZATION
    assert allowed(own, organization_id=acts_for, attributes=owner) is (of in {None, SOMEBODY} or is_theirs)
    assert allowed(within, organization_id=acts_for, attributes=organization) is (of is None or is_theirs)


@pytest.mark.parametrize(
    ("concerned", "exempt", "denied"),
    [([], [], {"staff", "user", "admin"}), (["staff"], [], {"staff"}), (["staff", "user"], [], {"staff", "user"}),
     ([], ["admin"], {"staff", "user"}), (["staff"], ["admin", "user"], {"staff"})],
)  # fmt: skip
def test_whom_a_policy_concerns(concerned: list[str], exempt: list[str], denied: set[str]) -> None:
    parameters = {"permissions": ["payment:create"], "networks": ["10.0.0.0/8"], "roles": concerned, "except_roles": exempt}
    parameters = {name: value for name, value in parameters.items() if value}
    policies = tried("network-range", parameters)
    assert {role for role in ROLES if not allowed(policies, role=role)} == denied
    assert allowed(policies, "payment:approve"), "it is about another permission"


@pytest.mark.parametrize(
    ("template", "parameters", "sentence"),
    [
        (
            "time-window",
            {"starts": "22:00", "ends": "06:00", "weekdays": ["sunday"], "closed_on_holidays": False},
            "Everybody may make a payment (payment:create) only on Sunday from 22:00 to 06:00, Namibian time.",
        ),
        (
            "amount-limit",
            {"amount": "1234567.5", "currency": "NAD", "roles": ["user", "staff"]},
            "People with the roles staff or user may make a payment (payment:create) only up to 1,234,567.5 NAD in one request.",
        ),
        (
            "network-range",
            {"networks": ["10.0.0.0/8", "10.20.0.0/16"], "except_roles": ["admin"]},
            f"Everybody, except people with the role admin, {MAY} from the networks 10.0.0.0/8 or 10.20.0.0/16.",
        ),
        (
            "mfa-recent",
            {"minutes": 1, "above": "10000", "currency": "NAD"},
            f"Everybody {MAY} within 1 minute after signing in with two factors, if it is more than 10,000 NAD.",
        ),
        (
            "own-resource",
            {},
            "Everybody may make a payment (payment:create) only with what they own, or the organization that they act for owns.",
        ),
        (
            "organization-scope",
            {},
            "Everybody may make a payment (payment:create) only for what belongs to no organization, or to the one they act for.",
        ),
    ],
)
def test_sentences(template: str, parameters: dict[str, Any], sentence: str) -> None:
    filled = find_template(template).fill({"permissions": ["payment:create"], **parameters}, DESCRIBED)
    assert filled.sentence == sentence


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(['x"]', "09:00", "admin", "10.0.0.0/8", "NAD"]),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(TEMPLATES)), st.data())
def test_any_values_are_refused_with_their_place_or_make_one_valid_policy(name: str, data: st.DataObject) -> None:
    template = TEMPLATES[name]
    given_values = {one.name: data.draw(values | st.just(one.example)) for one in template.parameters}
    try:
        text = template.fill(given_values, DESCRIBED)
    except InvalidValues as refused:
        places = {fault.field.partition(".")[0] for fault in refused.faults}
    else:
        reading, places = CedarReader().read(text.cedar), {"parameters"}
        assert list(reading.actions) == sorted(set(text.parameters["permissions"]))  # type: ignore[index,arg-type]
    assert places == {"parameters"}
