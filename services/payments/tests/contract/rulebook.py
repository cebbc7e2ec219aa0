"""Approval rules as governance compiles and publishes them, and as payments reads them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from chassis.policies import Bundle, Policies
from chassis.testing.clocks import ControlledClock
from governance.domain.approval_rule import ApprovalRule, ApprovalTerms
from governance.domain.policies import compile_policies
from governance.domain.role import Permission, Role
from payments.domain.approval import ApprovalQuestion
from payments.infrastructure.approval_policies import BundledApprovals
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder

DAY: Final = timedelta(days=1)


class Rulebook:
    """A process of payments that has heard of governance's rules; for others than its clock they never grow old."""

    def __init__(self) -> None:
        self.clock = ControlledClock()
        self.policies = Policies(self.clock)
        self.approvals = BundledApprovals(self.policies)
        self.version = 0

    def publish(self, *terms: ApprovalTerms) -> None:
        self.version += 1
        rules = [ApprovalRule.make(f"rule-{index}", term) for index, term in enumerate(terms)]
        create = Permission("payment:create")
        compiled = compile_policies([Role("user", "User", permissions={create})], [create], rules)
        self.policies.load(Bundle(self.version, compiled.policies, compiled.schema))


def rule(threshold: str, currency: str = "NAD", **terms: object) -> ApprovalTerms:
    return ApprovalTerms(currency=currency, threshold=Decimal(threshold), **terms)  # type: ignore[arg-type]  # tests choose


def govern(bank: Bank, *terms: ApprovalTerms) -> None:
    """Let the bank judge by these rules of governance."""
    book = Rulebook()
    book.publish(*terms)
    bank.prices.rules = book.approvals.approvals()


async def counted(bank: Bank, payer: Holder, payee: Holder, *, window: timedelta = DAY, **terms: Any) -> Decimal:
    """Return what a rule with a window counts of a payer's history, as a request to the payee would be judged.

    The request is rehearsed: nothing is made, and the rules in force stay as they are.
    """
    asked: list[ApprovalQuestion] = []

    def judge(question: ApprovalQuestion) -> bool:
        asked.append(question)
        return False

    before = bank.prices.rules
    bank.prices.rules = approval_from("0", judge, window=window, **terms)
    more: dict[str, Any] = {"dry_run": True}
    answer = await bank.pay(payer, payee, "0.01", **more)
    bank.prices.rules = before
    assert answer.status_code == 200, answer.text
    [question] = asked
    return question.amount - Decimal("0.01")
