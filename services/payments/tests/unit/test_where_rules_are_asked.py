"""Approval, signature and assurance are asked in one object that sees the whole request; a second place would see a part."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import payments
from payments.domain import approval, errors, payer_policy

PACKAGE: Final = Path(payments.__file__).parent
ASKED_IN: Final = "domain/payer_rules.py"
# Where each is made known besides; to raise or to compare is what is asked nowhere else.
NAMES: Final = {
    "SignatureRequired": {ASKED_IN},
    "StepUpRequired": {ASKED_IN},
    "STRONG": {ASKED_IN},
    # A rehearsal tells what a linked request would be answered with.
    # So does the run of a file that cannot wait any more, for lines of it have run.
    "ApprovalNeeded": {ASKED_IN, "application/transfers/rehearsal.py", "application/bulk_transfers/run_bulk.py"},
    "ApprovalQuestion": {"domain/approval.py", "infrastructure/approval_policies.py"},
}
ATTRIBUTES: Final = {
    "matching": {ASKED_IN},
    "signed_above": {ASKED_IN},
    "strong_above": {ASKED_IN},
    "judge": {
        "domain/approval.py",
        "application/transfers/batch.py",
        "application/bulk_transfers/judge_bulk.py",
        "application/bulk_transfers/submit_bulk.py",
        "application/bulk_transfers/rehearse_bulk.py",
        "application/schedules/plan_transfer.py",
        "application/fees/quote_order.py",
    },
    # A file is judged when it is handed in and, whole again, before its first line runs.
    "judge_bulk": {"application/bulk_transfers/acceptance.py", "application/bulk_transfers/run_bulk.py"},
}
# Which requests are not judged any more: lines of a file that was judged whole, and what a schedule makes.
SPARED: Final = {
    "is_judged": {"application/bulk_transfers/lines.py"},
    "judged_as": {"application/bulk_transfers/lines.py"},
    "is_planned": {"application/schedules/run_schedules.py"},
}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob("*.py"))]


def users(name: str) -> set[str]:
    """Return the modules that name it, but for routes that declare an assurance of their own."""
    return {
        place
        for place, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and not _is_declared(tree, node)
    }


def _is_declared(tree: ast.Module, name: ast.Name) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in {"post", "put", "patch", "delete"}
        and any(keyword.arg == "assurance" and keyword.value is name for keyword in call.keywords)
        for call in calls
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_a_payer_must_have_is_named_where_it_is_asked_alone(name: str) -> None:
    assert users(name) == NAMES[name]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_rules_and_policy_are_read_where_the_whole_request_is_known(name: str) -> None:
    found = {
        place for place, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == name
    }
    assert found == ATTRIBUTES[name]


@pytest.mark.parametrize("name", SPARED)
def test_only_what_was_judged_before_is_not_judged(name: str) -> None:
    found = {
        place
        for place, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Request"
        and any(keyword.arg == name for keyword in node.keywords)
    }
    assert found == SPARED[name]


def test_the_names_are_those_of_the_code() -> None:
    """A name that was changed would be found nowhere, and hold nothing."""
    assert hasattr(errors, "SignatureRequired")
    assert hasattr(errors, "ApprovalNeeded")
    assert hasattr(approval.ApprovalRules, "matching")
    assert {"signed_above", "strong_above"} == set(payer_policy.PayerPolicy.__dataclass_fields__)
