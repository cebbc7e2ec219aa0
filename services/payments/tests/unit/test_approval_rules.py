from decimal import Decimal
from uuid import UUID

from kernel.ids import new_id
from kernel.money import Money
from payments.domain.approval import ApprovalQuestion, ApprovalRules


def test_nothing_needs_approval_without_rules() -> None:
    assert not ApprovalRules().needed(kind="transfer", amount=Money.of("999999999", "NAD"), initiator_id=new_id())


def test_only_amounts_from_the_floor_of_their_currency_on_are_asked_about() -> None:
    asked: list[ApprovalQuestion] = []

    def judge(question: ApprovalQuestion) -> bool:
        asked.append(question)
        return question.amount.amount > 100

    rules = ApprovalRules({"NAD": Decimal(100)}, {}, judge)
    initiator, payee = new_id(), new_id()

    def needed(amount: str, currency: str = "NAD") -> bool:
        return rules.needed(
            kind="payment",
            amount=Money.of(amount, currency),
            initiator_id=initiator,
            roles=frozenset({"user"}),
            counterparties=(payee,),
        )

    assert not needed("99.99")
    assert not needed("5000", "USD")
    assert asked == []
    assert not needed("100.00")
    assert needed("100.01")
    assert (asked[1].kind, asked[1].roles, asked[1].counterparties) == ("payment", frozenset({"user"}), (payee,))


def test_a_watched_counterparty_does_not_make_others_slow() -> None:
    asked: list[ApprovalQuestion] = []
    watched = new_id()

    def judge(question: ApprovalQuestion) -> bool:
        asked.append(question)
        return True

    rules = ApprovalRules({}, {("NAD", watched): Decimal(10)}, judge)

    def needed(amount: Money, *counterparties: UUID) -> bool:
        return rules.needed(kind="transfer", amount=amount, initiator_id=new_id(), counterparties=counterparties)

    assert not needed(Money.of("9.99", "NAD"), watched)
    assert not needed(Money.of("10.00", "USD"), watched)
    assert not needed(Money.of("10.00", "NAD"), new_id())
    assert asked == []
    assert needed(Money.of("10.00", "NAD"), new_id(), watched)
    assert needed(Money.of("5000.00", "NAD"), watched)
