"""Permission, approval, signature and assurance are judged by one object that has the whole request; others have a part."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import payments
from payments.domain import approval, errors, payer_policy

PACKAGE: Final = Path(payments.__file__).parent
ASKED_IN: Final = "domain/payer_rules.py"
# Modules that also name the rule. Only PayerRules raises these errors and compares the amounts.
NAMES: Final = {
    "SignatureRequired": {ASKED_IN},
    "StepUpRequired": {ASKED_IN},
    "STRONG": {ASKED_IN},
    # A dry run reports the error of a linked request.
    # So does the run of a file that can no longer wait, because some of its lines have run.
    "ApprovalNeeded": {ASKED_IN, "application/transfers/rehearsal.py", "application/bulk_transfers/run_bulk.py"},
    "ApprovalQuestion": {"domain/approval.py", "infrastructure/approval_policies.py"},
    # A run of a file keeps the questions about the whole file.
    "PaymentQuestion": {
        ASKED_IN,
        "domain/payment_permission.py",
        "infrastructure/payment_permissions.py",
        "application/bulk_transfers/run_bulk.py",
    },
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
    "of_payments": {
        "application/transfers/post_transfers.py",
        "application/bulk_transfers/judge_bulk.py",
        "application/schedules/plan_transfer.py",
        "application/fees/quote_order.py",
    },
    # The policies are asked about the rest of a file before each chunk.
    "denial": {ASKED_IN, "application/bulk_transfers/run_bulk.py"},
    "of_votes": {
        "application/transfers/deciders.py",
        "application/bulk_transfers/visible_bulks.py",
        "infrastructure/payer_rights.py",
    },
    # A file is checked when it is submitted and, as a whole again, before its first line runs.
    "judge_bulk": {"application/bulk_transfers/acceptance.py", "application/bulk_transfers/run_bulk.py"},
}
# Requests that are not checked again: lines of a file that was checked whole, and transfers of a schedule.
SPARED: Final = {
    "is_judged": {"application/bulk_transfers/lines.py"},
    "judged_as": {"application/bulk_transfers/lines.py"},
    "is_planned": {"application/schedules/run_schedules.py"},
}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob("*.py"))]


def users(name: str) -> set[str]:
    """Return the modules that use the name, except in routes that declare an assurance."""
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
def test_requirements_of_a_payer_are_named_only_where_they_are_checked(name: str) -> None:
    assert users(name) == NAMES[name]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_rules_and_policy_are_read_only_where_the_whole_request_is_known(name: str) -> None:
    found = {
        place for place, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == name
    }
    assert found == ATTRIBUTES[name]


@pytest.mark.parametrize("name", SPARED)
def test_only_what_was_checked_before_is_not_checked(name: str) -> None:
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


def test_the_names_exist_in_the_code() -> None:
    """A renamed name would be found nowhere, and its test would check nothing."""
    assert hasattr(errors, "SignatureRequired")
    assert hasattr(errors, "ApprovalNeeded")
    assert hasattr(approval.ApprovalRules, "matching")
    assert {"signed_above", "strong_above"} == set(payer_policy.PayerPolicy.__dataclass_fields__)
