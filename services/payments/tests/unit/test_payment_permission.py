"""The policies are asked about each payment of a request as a whole."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.actor import Actor, ActorKind
from kernel.assurance import StepUpRequired
from kernel.errors import AccessDenied, DomainError
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind
from payments.domain.approval import ApprovalRule, ApprovalRules, Outflow
from payments.domain.errors import NoLongerPermitted
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules, payments_of
from payments.domain.payment_permission import PaymentQuestion, Source
from payments.domain.transfer_order import TransferKind

AT: Final = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
WALLETS: Final = [Source(UUID(int=wallet), UUID(int=owner), None) for wallet, owner in ((1, 8), (2, 8), (3, 9))]
[ONE, TWO, _] = WALLETS
TRANSFER, PAYMENT = TransferKind.TRANSFER, TransferKind.PAYMENT
PAYER: Final = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"user"}))
DENIED, STEP_UP = AccessDenied(permission="payment:create"), StepUpRequired(multi_factor=True, age_seconds_max=60)


def outflow(amount: str, source: Source | None = ONE, *, kind: TransferKind = TRANSFER, currency: str = "NAD") -> Outflow:
    return Outflow(kind=kind, amount=Money.of(amount, currency), source=source, target_id=new_id())


def asked(amount: str, source: Source = ONE, *, kind: TransferKind = TRANSFER, currency: str = "NAD") -> PaymentQuestion:
    return PaymentQuestion(source=source, amount=Decimal(amount), currency=currency, kind=kind)


class Asked:
    """Denies what a test says, and keeps the questions."""

    def __init__(self, denial: Callable[[PaymentQuestion], DomainError | None] = lambda _: None) -> None:
        self._denial = denial
        self.questions: list[PaymentQuestion] = []

    def __call__(self, actor: Actor, question: PaymentQuestion) -> DomainError | None:
        assert actor is PAYER
        self.questions.append(question)
        return self._denial(question)


def judged(permission: Asked | None, *outflows: Outflow, policy: PayerPolicy | None = None, is_planned: bool = False) -> Needs:
    request = PayerRequest(initiator_id=PAYER.user_id, actor=PAYER, outflows=outflows, is_planned=is_planned)
    rules = PayerRules(policy or PayerPolicy(), ApprovalRules(), permission)
    return rules.judge(request, sent=_nothing, at=AT)


def _nothing(_rule: ApprovalRule) -> Decimal:
    return Decimal(0)


def test_orders_from_one_wallet_are_asked_about_with_their_sum() -> None:
    permission = Asked()
    assert judged(permission, outflow("60.00"), outflow("40.01")) == Needs()
    assert permission.questions == [asked("100.01")]


def test_each_wallet_currency_and_kind_is_a_question_about_the_sum_of_the_request() -> None:
    permission = Asked()
    judged(
        permission,
        outflow("60.00"),
        outflow("40.01", kind=PAYMENT),
        outflow("5.00", TWO),
        outflow("7.00", currency="USD"),
        outflow("1.00"),
    )
    assert permission.questions == [
        asked("106.01"),
        asked("106.01", kind=PAYMENT),
        asked("106.01", TWO),
        asked("7.00", currency="USD"),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(WALLETS), st.sampled_from([TRANSFER, PAYMENT]), st.integers(1, 10**13)), min_size=1, max_size=20
    )
)
def test_no_split_of_a_request_changes_its_sum(legs: Sequence[tuple[Source, TransferKind, int]]) -> None:
    outflows = [outflow(f"{Decimal(amount).scaleb(-2):f}", source, kind=kind) for source, kind, amount in legs]
    found = list(payments_of(outflows))
    for question in found:
        taken = sum(amount for _, _, amount in legs)
        assert question.amount == Decimal(taken).scaleb(-2)
    kinds = [(question.source, question.kind) for question in found]
    assert (len(kinds), set(kinds)) == (len(set(kinds)), {(source, kind) for source, kind, _ in legs})


@pytest.mark.parametrize("kind", [TransferKind.ISSUANCE, TransferKind.REFUND, TransferKind.REVERSAL])
def test_what_no_payer_orders_is_not_asked_about(kind: TransferKind) -> None:
    permission = Asked()
    assert judged(permission, outflow("9000.00", kind=kind)) == Needs()
    assert permission.questions == []


def test_an_order_from_no_wallet_is_not_asked_about_because_it_is_refused_itself() -> None:
    permission = Asked()
    judged(permission, outflow("1.00", None))
    assert permission.questions == []
    system = Account(new_id(), AccountKind.SYSTEM, None, "NAD", Decimal(0), 0, AT)
    assert (Source.of(system), Source.of(None)) == (None, None)


def test_a_wallet_is_described_by_its_owner() -> None:
    company = new_id()
    account = Account.open_wallet(wallet_id=new_id(), owner_id=company, organization_id=company, currency="NAD", at=AT)
    assert Source.of(account) == Source(account.id, company, company)


def test_a_denial_of_one_payment_is_a_denial_of_the_request() -> None:
    permission = Asked(lambda question: DENIED if question.source == TWO else None)
    needs = judged(permission, outflow("1.00"), outflow("1.00", TWO))
    with pytest.raises(AccessDenied):
        needs.require_proof()
    assert needs == Needs(denied=DENIED)


def test_a_denial_that_a_fresh_sign_in_ends_is_a_step_up() -> None:
    needs = judged(Asked(lambda _: STEP_UP), outflow("1.00"))
    assert needs == Needs(step_up=STEP_UP)
    with pytest.raises(StepUpRequired):
        needs.require_proof()


def test_nobody_signs_in_or_signs_only_to_be_denied() -> None:
    permission = Asked(lambda question: STEP_UP if question.source == ONE else DENIED)
    policy = PayerPolicy(signed_above={"NAD": Decimal(1)}, strong_above={"NAD": Decimal(1)})
    needs = judged(permission, outflow("5.00"), outflow("5.00", TWO), policy=policy)
    assert (needs.denied, needs.signature is None, needs.step_up is None) == (DENIED, False, False)
    with pytest.raises(AccessDenied):
        needs.require_proof()


@pytest.mark.parametrize("denial", [DENIED, STEP_UP])
def test_a_planned_payment_that_is_denied_is_no_longer_permitted(denial: DomainError) -> None:
    needs = judged(Asked(lambda _: denial), outflow("1.00"), is_planned=True)
    assert (type(needs.denied), needs.step_up) == (NoLongerPermitted, None)


def test_with_a_permission_to_ask_about_there_is_no_fast_path() -> None:
    assert PayerRules(PayerPolicy(), ApprovalRules(), None).ask_nothing
    assert not PayerRules(PayerPolicy(), ApprovalRules(), Asked()).ask_nothing
    assert judged(None, outflow("1.00")) == Needs()
