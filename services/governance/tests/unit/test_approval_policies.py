"""Cedar decides by the compiled approval rules exactly as their terms say."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.policies import Bundle, Policies, Resource
from chassis.testing.clocks import ControlledClock
from governance.domain.approval_rule import ApprovalRule, ApprovalTerms
from governance.domain.policies import SETTLE_ALONE, CompiledPolicies, compile_policies
from governance.domain.window import Window
from governance.infrastructure.policy_checker import CedarChecker
from kernel.actor import Actor, ActorKind
from kernel.errors import InvalidValue
from kernel.money import InvalidAmount, UnknownCurrency
from services.governance.tests.seeded import seeded_permissions, seeded_roles

PAYER = UUID("0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10")
PAYEES = [UUID(int=1), UUID(int=2)]

terms = st.builds(
    ApprovalTerms,
    currency=st.sampled_from(["NAD", "USD"]),
    threshold=st.integers(0, 3).map(lambda n: Decimal(100 * n)),
    kinds=st.lists(st.sampled_from(["transfer", "payment"]), max_size=2).map(tuple),
    role=st.none() | st.sampled_from(["user", "staff"]),
    counterparty=st.none() | st.sampled_from(PAYEES),
    window=st.none() | st.sampled_from([Window(24), Window(25)]),
)


def rule(name: str = "large", **changes: object) -> ApprovalRule:
    values: dict[str, object] = {"currency": "NAD", "threshold": Decimal(100), **changes}
    return ApprovalRule.make(name, ApprovalTerms(**values))  # type: ignore[arg-type]  # tests choose which


def compiled(*rules: ApprovalRule) -> CompiledPolicies:
    return compile_policies(list(seeded_roles().values()), list(seeded_permissions().values()), rules)


def alone(bundle: CompiledPolicies, *, amount: str, roles: tuple[str, ...] = ("user",), **context: object) -> bool:
    policies = Policies(ControlledClock())
    policies.load(Bundle(1, bundle.policies, bundle.schema))
    return policies.allows(
        Actor(kind=ActorKind.USER, subject_id=str(PAYER), roles=frozenset(roles)),
        SETTLE_ALONE,
        Resource("transfer", "new"),
        {
            "amount": {"__extn": {"fn": "decimal", "arg": amount}},
            "currency": "NAD",
            "kind": "transfer",
            "counterparties": [str(PAYEES[0])],
            **context,
        },
    )


@pytest.mark.parametrize(
    ("made", "question", "is_alone"),
    [
        (rule(), {"amount": "99.9999"}, True),
        (rule(), {"amount": "100.0"}, False),
        (rule(), {"amount": "999999999999.9999"}, False),
        (rule(), {"amount": "100.0", "currency": "USD"}, True),
        (rule(kinds=("payment",)), {"amount": "100.0"}, True),
        (rule(kinds=("payment",)), {"amount": "100.0", "kind": "payment"}, False),
        (rule(role="user"), {"amount": "100.0"}, False),
        (rule(role="user"), {"amount": "100.0", "roles": ("staff",)}, True),
        (rule(counterparty=PAYEES[0]), {"amount": "100.0"}, False),
        (rule(counterparty=PAYEES[1]), {"amount": "100.0"}, True),
        (rule(counterparty=PAYEES[1]), {"amount": "100.0", "counterparties": [str(payee) for payee in PAYEES]}, False),
        (rule(threshold=Decimal(0)), {"amount": "0.01"}, False),
        (rule(), {"amount": "100.0", "rule": "large"}, False),
        (rule(), {"amount": "100.0", "rule": "larger"}, True),
        (rule(window=Window(24)), {"amount": "100.0", "rule": "large"}, False),
        (rule(window=Window(24)), {"amount": "99.9999", "rule": "large"}, True),
        (rule(window=Window(24)), {"amount": "100.0", "rule": "larger"}, True),
        (rule(window=Window(24)), {"amount": "100.0"}, True),
        (rule(window=Window(24), counterparty=PAYEES[1]), {"amount": "100.0", "rule": "large"}, True),
        (rule(window=Window(24), kinds=("payment",)), {"amount": "100.0", "rule": "large"}, True),
        (rule(window=Window(24), role="staff"), {"amount": "100.0", "rule": "large"}, True),
    ],
)
def test_a_rule_forbids_exactly_the_transfers_that_match_its_terms(
    made: ApprovalRule, question: dict[str, object], is_alone: bool
) -> None:
    assert alone(compiled(made), **question) is is_alone  # type: ignore[arg-type]


@given(st.lists(terms, min_size=1, max_size=4), st.integers(0, 400), st.sampled_from(["NAD", "USD"]), st.data())
def test_cedar_agrees_with_the_terms_of_the_rules(
    all_terms: list[ApprovalTerms], amount: int, currency: str, data: st.DataObject
) -> None:
    kind, roles = data.draw(st.sampled_from(["transfer", "payment"])), data.draw(st.sampled_from([("user",), ("staff",), ()]))
    payees = data.draw(st.lists(st.sampled_from(PAYEES), max_size=2))
    asked = data.draw(st.none() | st.integers(0, len(all_terms)))
    rules = [ApprovalRule.make(f"rule-{index}", term) for index, term in enumerate(all_terms)]
    matches = any(
        term.currency == currency
        and amount >= term.threshold
        and (not term.kinds or kind in term.kinds)
        and (term.role is None or term.role in roles)
        and (term.counterparty is None or term.counterparty in payees)
        and (term.window is None if asked is None else index == asked)
        for index, term in enumerate(all_terms)
    )
    is_alone = alone(
        compiled(*rules),
        amount=f"{amount}.0",
        roles=roles,
        currency=currency,
        kind=kind,
        counterparties=[str(payee) for payee in payees],
        **({} if asked is None else {"rule": f"rule-{asked}"}),
    )
    assert is_alone is not matches


@given(st.lists(terms, max_size=4))
def test_any_rules_compile_to_a_sound_bundle_and_change_no_permissions(all_terms: list[ApprovalTerms]) -> None:
    bundle = compiled(*(ApprovalRule.make(f"rule-{index}", term) for index, term in enumerate(all_terms)))
    CedarChecker().check(bundle)
    assert bundle.policies.startswith(compiled().policies)


@pytest.mark.parametrize("window", [None, Window(24)], ids=["no window", "a window"])
def test_an_incomplete_context_never_settles_alone(window: Window | None) -> None:
    policies = Policies(ControlledClock())
    bundle = compiled(rule(window=window))
    policies.load(Bundle(1, bundle.policies, bundle.schema))
    payer = Actor(kind=ActorKind.USER, subject_id=str(PAYER))
    assert not policies.allows(payer, SETTLE_ALONE, Resource("transfer", "new"), {"currency": "NAD"})


@pytest.mark.parametrize(
    "asked",
    [{}, {"rule": "summed"}, {"rule": "single"}, {"rule": "withdrawn"}],
    ids=["older payments", "with a window", "without one", "of an older bundle"],
)
def test_requests_about_one_or_all_rules_cause_no_evaluation_error(asked: dict[str, str]) -> None:
    """Any error denies, so one would block every transfer. An older release of payments names no rule."""
    with_window, without = rule("summed", window=Window(24)), rule("single")
    bundle = compiled(with_window, without)
    principal, resource = {"type": "User", "id": str(PAYER)}, {"type": "Resource", "id": "transfer/new"}
    context = {
        "amount": {"__extn": {"fn": "decimal", "arg": "100.0"}},
        "currency": "NAD",
        "kind": "transfer",
        "counterparties": [str(PAYEES[0])],
        **asked,
    }
    entities = [
        {"uid": principal, "attrs": {}, "parents": []},
        {"uid": resource, "attrs": {"type": "transfer", "id": "new"}, "parents": []},
    ]
    result = cedarpy.is_authorized(
        {
            "principal": principal,
            "action": {"type": "Action", "id": SETTLE_ALONE},
            "resource": resource,
            "context": json.dumps(context),
        },
        bundle.policies,
        json.dumps(entities),
        cedarpy.Schema.from_json_str(bundle.schema),
    )
    assert result.diagnostics.errors == []
    matching = {"withdrawn": ["approval"], None: ["approval:single"]}.get(asked.get("rule"), [f"approval:{asked.get('rule')}"])
    assert [named(bundle)[reason] for reason in result.diagnostics.reasons] == matching


def named(bundle: CompiledPolicies) -> Mapping[str, str]:
    """Return the name of each policy by its id in the engine."""
    static = json.loads(cedarpy.policies_to_json_str(bundle.policies))["staticPolicies"]
    return {each: policy["annotations"]["id"] for each, policy in static.items()}


def test_a_rule_with_a_window_compiles_to_this_text() -> None:
    made = rule(kinds=("transfer", "payment"), role="user", counterparty=PAYEES[0], window=Window(24))
    assert (
        statement(made)
        == """\
@id("approval:large")
@currency("NAD")
@threshold("100.0000")
@kinds("payment,transfer")
@role("user")
@counterparty("00000000-0000-0000-0000-000000000001")
@rule("large")
@window("24h")
forbid(principal in Role::"user", action == Action::"payment:settle-alone", resource)
when {
  context.currency == "NAD" &&
  context.amount.greaterThanOrEqual(decimal("100.0000")) &&
  ["payment", "transfer"].contains(context.kind) &&
  context.counterparties.contains("00000000-0000-0000-0000-000000000001") &&
  context has rule && context.rule == "large"
};"""
    )


def test_a_rule_without_a_window_compiles_to_this_text() -> None:
    assert (
        statement(rule())
        == """\
@id("approval:large")
@currency("NAD")
@threshold("100.0000")
@rule("large")
forbid(principal, action == Action::"payment:settle-alone", resource)
when {
  context.currency == "NAD" &&
  context.amount.greaterThanOrEqual(decimal("100.0000")) &&
  (if context has rule then context.rule == "large" else true)
};"""
    )


def statement(made: ApprovalRule) -> str:
    [found] = [text for text in compiled(made).policies.split("\n\n") if f"approval:{made.name}" in text]
    return found


def test_without_rules_in_force_nothing_is_compiled() -> None:
    made = rule()
    made.withdraw()
    assert compiled(made) == compiled()
    assert SETTLE_ALONE not in compiled().policies
    assert SETTLE_ALONE in json.loads(compiled().schema)[""]["actions"]


def test_changing_and_withdrawing_increase_the_version_only_on_a_change() -> None:
    made = rule()
    assert not made.change(made.terms)
    assert made.change(ApprovalTerms(currency="NAD", threshold=Decimal(5)))
    assert made.withdraw()
    assert not made.withdraw()
    assert made.change(made.terms)
    assert (made.version, made.is_withdrawn) == (4, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "EUR"},
        {"threshold": Decimal(-1)},
        {"threshold": Decimal("0.001")},
        {"currency": "ELC", "threshold": Decimal("0.00001")},
        {"threshold": Decimal("1e12")},
        {"kinds": ('x"',)},
        {"kinds": tuple(f"kind_{chr(97 + n)}" for n in range(11))},
        {"description": "x" * 501},
    ],
)
def test_invalid_terms_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises((InvalidValue, InvalidAmount, UnknownCurrency)):
        rule(**changes)


HOSTILE = [
    "",
    "Large",
    'x"',
    "x\\",
    "x\n",
    "x y",
    "x,y",
    "\uff58",
    "x" * 64,
    'x", resource);\npermit(principal, action, resource);//',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("field", ["role", "kinds"])
def test_no_text_of_a_rule_can_break_out_of_its_quotes(field: str, text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        rule("large", **{field: (text,) if field == "kinds" else text})
    assert refused.value.field == field


texts = st.text('az-_9"\\\n, )', min_size=1, max_size=3)


@given(texts, texts, texts)
def test_a_rule_with_any_texts_is_refused_or_adds_one_sound_policy(name: str, kind: str, role: str) -> None:
    try:
        made = rule(name, kinds=(kind,), role=role)
    except InvalidValue:
        return
    bundle = compiled(made)
    CedarChecker().check(bundle)
    assert set(named(bundle).values()) - set(named(compiled()).values()) == {f"approval:{name}", "approval"}


@pytest.mark.parametrize("name", ["", "Large", 'x" ) permit (', "x\n", "-x", "x" * 64])
def test_a_name_cannot_break_out_of_its_quotes(name: str) -> None:
    with pytest.raises(InvalidValue):
        rule(name)
