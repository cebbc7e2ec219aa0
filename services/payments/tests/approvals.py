"""Approval rules that tests give: governance's part is another's."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from payments.domain.approval import ApprovalQuestion, ApprovalRule, ApprovalRules


def _always(_question: ApprovalQuestion) -> bool:
    return True


def approval_from(
    threshold: str | Decimal, judge: Callable[[ApprovalQuestion], bool] = _always, *, currency: str = "NAD", **terms: Any
) -> ApprovalRules:
    """Let what adds up to the threshold or more wait for an approval."""
    return ApprovalRules.of([ApprovalRule(name="large", currency=currency, threshold=Decimal(threshold), **terms)], judge)
