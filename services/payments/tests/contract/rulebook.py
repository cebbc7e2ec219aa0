"""Approval rules, compiled and published as governance does, and read as payments does."""

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
    """A payments process that received governance's rules. Only for its own clock do they become stale."""

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
    """Make the bank use these rules of governance."""
    book = Rulebook()
    book.publish(*terms)
    bank.prices.rules = book.approvals.approvals()


async def counted(bank: Bank, payer: Holder, payee: Holder, *, window: timedelta = DAY, **terms: Any) -> Decimal:
    """Return the total that a rule with a window counts for a payer, if the payer paid the payee now.

    It is a dry run: it makes nothing, and leaves the rules in force.
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
