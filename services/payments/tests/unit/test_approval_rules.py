from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from payments.domain.approval import ApprovalQuestion, ApprovalRule, ApprovalRules, Outflow
from payments.domain.transfer_order import TransferKind

PAYER, SHOP, OWNER, OTHER = (UUID(int=n) for n in range(1, 5))
DAY = timedelta(hours=24)


def outflow(
    amount: str, *, currency: str = "NAD", to: UUID = SHOP, owner: UUID | None = OWNER, kind: str = "transfer"
) -> Outflow:
    return Outflow(kind=TransferKind(kind), amount=Money.of(amount, currency), source=None, target_id=to, owner_id=owner)


def rule(threshold: str = "100", **terms: Any) -> ApprovalRule:
    return ApprovalRule(**{"name": "large", "currency": "NAD", "threshold": Decimal(threshold), **terms})


class Asked:
    """Policies that match every question."""

    def __init__(self, *rules: ApprovalRule) -> None:
        self.questions: list[ApprovalQuestion] = []
        self.rules = ApprovalRules.of(rules, self._judge)

    def _judge(self, question: ApprovalQuestion) -> bool:
        self.questions.append(question)
        return True

    def matching(self, *outflows: Outflow, sent: Callable[[ApprovalRule], Decimal] | None = None) -> Sequence[str]:
        return self.rules.matching(
            outflows, initiator_id=PAYER, roles=frozenset({"user"}), sent=sent or (lambda _rule: Decimal(0))
        )


def test_without_rules_nothing_requires_approval() -> None:
    assert Asked().matching(outflow("999999999")) == ()


def test_only_sums_from_the_threshold_of_their_currency_are_evaluated() -> None:
    asked = Asked(rule())
    assert asked.matching(outflow("99.99")) == ()
    assert asked.matching(outflow("5000", currency="USD")) == ()
    assert asked.questions == []
    assert asked.matching(outflow("100.00")) == ("large",)
    assert asked.questions == [
        ApprovalQuestion(
            rule="large",
            kind="transfer",
            amount=Decimal("100.00"),
            currency="NAD",
            initiator_id=PAYER,
            roles=frozenset({"user"}),
            counterparties=(SHOP, OWNER),
        )
    ]


def test_outflows_of_one_request_are_added_up() -> None:
    asked = Asked(rule())
    assert asked.matching(outflow("50.00"), outflow("49.99", to=OTHER)) == ()
    assert asked.matching(outflow("50.00"), outflow("50.00", to=OTHER)) == ("large",)


@pytest.mark.parametrize("party", [SHOP, OWNER], ids=["wallet", "owner"])
def test_a_rule_about_one_payee_adds_up_what_that_payee_receives(party: UUID) -> None:
    asked = Asked(rule(counterparty=party))
    assert asked.matching(outflow("500.00", to=OTHER, owner=OTHER), outflow("99.99")) == ()
    assert asked.questions == []
    assert asked.matching(outflow("50.00"), outflow("500.00", to=OTHER, owner=OTHER), outflow("50.00")) == ("large",)


def test_a_rule_about_a_kind_adds_up_that_kind() -> None:
    asked = Asked(rule(kinds=frozenset({"payment"})))
    assert asked.matching(outflow("500.00"), outflow("99.99", kind="payment")) == ()
    assert asked.matching(outflow("50.00", kind="payment"), outflow("50.00", kind="payment")) == ("large",)
    assert [question.kind for question in asked.questions] == ["payment"]


def test_a_rule_with_a_window_counts_earlier_transfers_and_one_without_does_not() -> None:
    asked = Asked(rule(window=DAY), rule(name="single"))

    def sent(one: ApprovalRule) -> Decimal:
        assert one.window == DAY
        return Decimal("99.99")

    assert asked.matching(outflow("0.01"), sent=sent) == ("large",)
    assert [(question.rule, question.amount) for question in asked.questions] == [("large", Decimal("100.00"))]


def test_every_matching_rule_is_named() -> None:
    asked = Asked(rule(), rule("50", name="medium"), rule("500", name="huge"), rule(name="dollars", currency="USD"))
    assert asked.matching(outflow("100"), outflow("200", currency="USD")) == ("large", "medium", "dollars")


def test_a_request_of_several_kinds_is_evaluated_for_each_kind() -> None:
    asked = Asked(rule())
    assert asked.matching(outflow("60", kind="payment"), outflow("60")) == ("large",)
    assert {question.amount for question in asked.questions} == {Decimal(120)}


@given(st.lists(st.integers(1, 9_999), min_size=1, max_size=30), st.integers(1, 20_000))
def test_splitting_an_amount_changes_nothing(cents: list[int], threshold: int) -> None:
    asked = Asked(rule(str(Decimal(threshold).scaleb(-2))))
    parts = [outflow(str(Decimal(part).scaleb(-2))) for part in cents]
    whole = outflow(str(Decimal(sum(cents)).scaleb(-2)))
    assert asked.matching(*parts) == asked.matching(whole)
