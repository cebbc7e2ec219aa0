"""The policies that are shipped: what each decides, and that no part of one can be lost unseen."""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import cedarpy
import pytest

import governance
from chassis.business_time.namibia import namibian_special_days
from chassis.policies import InvalidBundle
from chassis.testing.clocks import ControlledClock
from governance.domain.policies import CompiledPolicies, compile_policies, schema_of_everything
from governance.domain.policy_case import SOMEBODY, THEIR_ORGANIZATION, PolicyCase
from governance.domain.policy_templates import find_template
from governance.domain.role import Permission, Role
from governance.infrastructure.contract_vocabulary import contract_vocabulary
from governance.infrastructure.policy_lab import EnginePolicyLab

DESCRIBED: Final = {
    "payment:create": "Make a payment",
    "payment:approve": "Approve a payment",
    "document:view": "View a document",
    "audit:export": "Export the audit trail",
}
PERMISSIONS: Final = [Permission(name, text) for name, text in DESCRIBED.items()]
VOCABULARY: Final = contract_vocabulary()
LAB: Final = EnginePolicyLab(VOCABULARY, namibian_special_days({}), ControlledClock())
ANOTHER: Final = "00000000-0000-4000-8000-0000000000ff"


class Expected(NamedTuple):
    allowed: bool
    action: str
    role: str
    case: Mapping[str, Any]


def at(minute: int, weekday: int = 5, **environment: Any) -> dict[str, Any]:
    return {"environment": {"minute_of_day": minute, "weekday": weekday, **environment}}


def pays(amount: str, currency: str = "NAD", **environment: Any) -> dict[str, Any]:
    return {"facts": {"amount": amount, "currency": currency}, "environment": environment}


def about(acts_for: str = "", **attributes: str) -> dict[str, Any]:
    return {"attributes": attributes, "organization_id": acts_for}


DECISIONS: Final[Mapping[str, list[Expected]]] = {
    "business-hours": [
        Expected(True, "payment:approve", "staff", at(540)),
        Expected(True, "payment:approve", "staff", at(1019, 1)),
        Expected(False, "payment:approve", "staff", at(539)),
        Expected(False, "payment:approve", "staff", at(1020)),
        Expected(False, "payment:approve", "staff", at(600, 6)),
        Expected(False, "payment:approve", "staff", at(600, 7)),
        Expected(False, "payment:approve", "staff", at(600, public_holiday=True)),
        Expected(True, "payment:approve", "staff", at(1020, interactive=False)),
        Expected(True, "payment:approve", "admin", at(1020)),
        Expected(True, "payment:create", "staff", at(1020)),
    ],
    "classified-documents": [
        Expected(False, "document:view", "staff", about(classification="classified")),
        Expected(True, "document:view", "admin", about(classification="classified")),
        Expected(True, "document:view", "staff", about(classification="internal")),
        Expected(True, "document:view", "staff", about()),
        Expected(True, "audit:export", "staff", about()),
    ],
    "mfa-for-money": [
        Expected(True, "payment:create", "user", pays("10000.01", minutes_since_sign_in=4)),
        Expected(False, "payment:create", "user", pays("10000.01", minutes_since_sign_in=5)),
        Expected(False, "payment:create", "user", pays("10000.01", two_factors=False)),
        Expected(True, "payment:create", "user", pays("10000.00", two_factors=False)),
        Expected(True, "payment:create", "user", pays("10000.01", "USD", two_factors=False)),
        Expected(True, "payment:create", "user", pays("10000.01", two_factors=False, interactive=False)),
        Expected(True, "payment:create", "user", {"environment": {"two_factors": False}}),
        Expected(True, "payment:approve", "user", pays("10000.01", two_factors=False)),
    ],
    "own-wallets": [
        Expected(True, "payment:create", "user", about(owner=SOMEBODY)),
        Expected(False, "payment:create", "user", about(owner=ANOTHER)),
        Expected(True, "payment:create", "user", about(THEIR_ORGANIZATION, owner=THEIR_ORGANIZATION)),
        Expected(False, "payment:create", "user", about(owner=THEIR_ORGANIZATION)),
        Expected(False, "payment:create", "user", about(THEIR_ORGANIZATION, owner=ANOTHER)),
        Expected(True, "payment:create", "user", about()),
        Expected(True, "payment:approve", "user", about(owner=ANOTHER)),
    ],
    "own-organization": [
        Expected(True, "payment:approve", "staff", about(THEIR_ORGANIZATION, organization=THEIR_ORGANIZATION)),
        Expected(False, "payment:approve", "staff", about(organization=THEIR_ORGANIZATION)),
        Expected(False, "payment:approve", "staff", about(THEIR_ORGANIZATION, organization=ANOTHER)),
        Expected(True, "payment:approve", "admin", about(organization=ANOTHER)),
        Expected(True, "payment:approve", "staff", about()),
        Expected(True, "payment:create", "staff", about(organization=ANOTHER)),
    ],
    "payment-ceiling": [
        Expected(True, "payment:create", "user", pays("50000.00")),
        Expected(False, "payment:create", "user", pays("50000.01")),
        Expected(True, "payment:create", "user", pays("50000.01", "USD")),
        Expected(True, "payment:create", "staff", pays("50000.01")),
        Expected(True, "payment:create", "user", {}),
        Expected(True, "payment:create", "user", {"facts": {"amount": "50000.01"}}),
        Expected(True, "payment:create", "user", {"facts": {"currency": "NAD"}}),
        Expected(True, "payment:approve", "user", pays("50000.01")),
    ],
    "office-network": [
        Expected(True, "audit:export", "admin", {"environment": {"ip": "10.1.2.3"}}),
        Expected(False, "audit:export", "admin", {"environment": {"ip": "11.1.2.3"}}),
        Expected(False, "audit:export", "admin", {"environment": {"ip": None}}),
        Expected(True, "audit:export", "admin", {"environment": {"ip": None, "interactive": False}}),
        Expected(True, "document:view", "admin", {"environment": {"ip": "11.1.2.3"}}),
    ],
}


def shipped() -> Mapping[str, Any]:
    """Return what the migration writes, by name."""
    file = Path(governance.__path__[0]).parents[1] / "migrations/versions/0012_policies.py"
    spec = importlib.util.spec_from_file_location("policies_migration", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {each.name: each for each in module.SHIPPED}


SHIPPED: Final = shipped()


def roles() -> list[Role]:
    made = []
    for name in ("staff", "user", "admin"):
        role = Role.create(name, title=name, description="")
        role.set_permissions(PERMISSIONS)
        made.append(role)
    return made


PERMITS: Final = compile_policies(roles(), PERMISSIONS).policies
SCHEMA: Final = schema_of_everything(PERMISSIONS, VOCABULARY)


def decided(name: str, cedar: str) -> list[bool] | None:
    """Decide all cases; None if the policy is not valid, which is noticed before it is stored."""
    try:
        policies = LAB.open(CompiledPolicies(f"{PERMITS}\n\n{cedar}", SCHEMA))
    except InvalidBundle:
        return None
    return [
        policies.judge(PolicyCase(action=each.action, roles=frozenset({each.role}), **each.case)).allowed
        for each in DECISIONS[name]
    ]


def mutants(cedar: str) -> Iterator[str]:
    """Return a policy without each of its conditions, with each comparison and constant changed, and with other roles."""
    [(_, policy)] = json.loads(cedarpy.policies_to_json_str(cedar))["staticPolicies"].items()
    for changed in _changes(policy):
        text = {"staticPolicies": {"policy0": changed}, "templates": {}, "templateLinks": []}
        yield str(cedarpy.policies_from_json_str(json.dumps(text)))


def _changes(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from ([*node[:index], changed, *node[index + 1 :]] for changed in _changes(each))
    if isinstance(node, dict):
        yield from _of_operator(node)
        for name, value in node.items():
            yield from ({**node, name: changed} for changed in _changes(value))


def _of_operator(node: Mapping[str, Any]) -> Iterator[Any]:
    for operator in ("&&", "||"):
        if operator in node:
            # One side alone: a condition is lost.
            yield from node[operator].values()
    if "!" in node:
        yield node["!"]["arg"]
    for one, other in (("<", "<="), (">=", ">"), ("greaterThan", "greaterThanOrEqual"), ("==", "!=")):
        if one in node:
            yield {other: node[one]}
    if isinstance(node.get("Value"), str):
        yield {"Value": _beside(node["Value"])}


def _beside(text: str) -> str:
    if text.endswith("0000"):
        return text.replace("0.0000", "1.0000")
    return "11.0.0.0/8" if "/" in text else f"{text}x"


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_decides_as_it_says(name: str) -> None:
    assert decided(name, SHIPPED[name].cedar) == [each.allowed for each in DECISIONS[name]]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_deleted_or_weakened_policy_is_noticed(name: str) -> None:
    as_it_is = decided(name, SHIPPED[name].cedar)
    assert decided(name, "") != as_it_is, "deleted"
    found = list(mutants(SHIPPED[name].cedar))
    assert len(found) >= 2
    survivors = [mutant for mutant in found if decided(name, mutant) == as_it_is]
    assert survivors == [], survivors


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_is_what_its_template_makes(name: str) -> None:
    each = SHIPPED[name]
    made = find_template(each.template).fill(each.parameters, DESCRIBED)
    assert (made.cedar, made.sentence, made.step_up_seconds) == (each.cedar, each.sentence, each.step_up_seconds)
