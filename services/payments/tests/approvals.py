"""Approval rules for tests. Governance's side is tested elsewhere."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from payments.domain.approval import ApprovalQuestion, ApprovalRule, ApprovalRules


def _always(_question: ApprovalQuestion) -> bool:
    return True


def approval_from(
    threshold: str | Decimal, judge: Callable[[ApprovalQuestion], bool] = _always, *, currency: str = "NAD", **terms: Any
) -> ApprovalRules:
    """Return rules that require an approval from this total on."""
    return ApprovalRules.of([ApprovalRule(name="large", currency=currency, threshold=Decimal(threshold), **terms)], judge)
