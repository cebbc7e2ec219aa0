"""Policies that governance compiles, as payments evaluates them: the only test of both together, without the network."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.policies import Bundle
from governance.domain.approval_rule import ApprovalTerms
from governance.domain.policies import compile_policies
from governance.domain.role import Permission, Role
from governance.domain.window import Window
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.approval import ApprovalQuestion, Outflow
from payments.domain.transfer_order import TransferKind
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.rulebook import Rulebook, rule

PAYER, PAYEES = new_id(), [UUID(int=1), UUID(int=2)]

all_terms = st.lists(
    st.builds(
        ApprovalTerms,
        currency=st.sampled_from(["NAD", "ELC"]),
        threshold=st.integers(0, 30_000).map(lambda n: Decimal(n).scaleb(-2)),
        kinds=st.lists(st.sampled_from(["transfer", "payment"]), max_size=1).map(tuple),
        role=st.none() | st.sampled_from(["user", "staff"]),
        counterparty=st.none() | st.sampled_from(PAYEES),
    ),
    max_size=4,
)


class ApprovalRulebook(Rulebook):
    """A payments process that received governance's rules."""

    def needed(self, amount: str, currency: str = "NAD", *, kind: str = "transfer", roles: tuple[str, ...] = ("user",)) -> bool:
        return self.asked(amount, currency, kind=kind, roles=roles, to=PAYEES[0])

    def asked(
        self,
        amount: str,
        currency: str = "NAD",
        *,
        kind: str = "transfer",
        roles: tuple[str, ...] = ("user",),
        to: UUID,
        sent: Mapping[str, Decimal] | None = None,
    ) -> bool:
        outflow = Outflow(kind=TransferKind(kind), amount=Money.of(amount, currency), source=None, target_id=to)
        before = sent or {}
        return bool(
            self.approvals.approvals().matching(
                [outflow],
                initiator_id=PAYER,
                roles=frozenset(roles),
                sent=lambda one: before.get(one.name, Decimal(0)),
            )
        )


def test_without_a_bundle_no_approval_can_be_decided() -> None:
    with pytest.raises(Unavailable):
        ApprovalRulebook().needed("1.00")


def test_rules_apply_from_the_bundle_that_adds_them_to_the_bundle_that_removes_them() -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish()
    assert not rulebook.needed("999999999.99")
    rulebook.publish(rule("100"))
    assert (rulebook.needed("99.99"), rulebook.needed("100.00"), rulebook.needed("100.00", "USD")) == (False, True, False)
    rulebook.publish()
    assert not rulebook.needed("999999999.99")


def test_stale_rules_stop_only_the_transfers_that_they_match() -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(rule("100"))
    rulebook.clock.advance(seconds=301)
    assert not rulebook.needed("99.99")
    with pytest.raises(Unavailable):
        rulebook.needed("100.00")


def test_digits_that_cedar_cannot_represent_change_nothing() -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(rule("1.0001", "ELC"))
    assert not rulebook.needed("1.00009999", "ELC")
    assert rulebook.needed("1.0001", "ELC")
    assert rulebook.needed("1.00019999", "ELC")
    assert rulebook.needed("999999999999.99999999", "ELC")


def test_a_rule_about_one_payee_matches_no_other_payee() -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(rule("0", counterparty=PAYEES[0]), rule("50", counterparty=PAYEES[1]))
    assert rulebook.needed("0.01")
    assert not rulebook.asked("49.99", to=PAYEES[1])
    assert rulebook.asked("50", to=PAYEES[1])
    assert not rulebook.asked("50", to=new_id())


def test_a_window_compiled_by_governance_is_counted_and_evaluated_by_its_own_rule() -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(rule("100", window=Window(24)), rule("150", kinds=("payment",), window=Window(24)))
    day = {"rule-0": Decimal("99.99"), "rule-1": Decimal(0)}
    [first, second] = rulebook.approvals.approvals().windowed("NAD")
    assert (first.window, second.kinds) == (timedelta(hours=24), frozenset({"payment"}))
    assert not rulebook.asked("99.99", to=PAYEES[0])
    assert rulebook.asked("0.01", to=PAYEES[0], sent=day)
    # The sum of one rule does not affect another rule.
    assert not rulebook.asked("0.01", kind="payment", to=PAYEES[0], sent={"rule-1": Decimal(100)})


def test_rules_of_a_governance_release_without_rule_names_still_apply() -> None:
    rulebook = ApprovalRulebook()
    old = """\
@id("approval:large")
@currency("NAD")
@threshold("100.0000")
forbid(principal, action == Action::"payment:settle-alone", resource)
when {
  context.currency == "NAD" &&
  context.amount.greaterThanOrEqual(decimal("100.0000")) &&
  ["payment"].contains(context.kind)
};

@id("approval")
permit(principal, action == Action::"payment:settle-alone", resource);"""
    create = Permission("payment:create")
    compiled = compile_policies([Role("user", "User", permissions={create})], [create], [])
    schema = json.loads(compiled.schema)
    del schema[""]["actions"]["payment:settle-alone"]["appliesTo"]["context"]["attributes"]["rule"]
    rulebook.policies.load(Bundle(1, old, json.dumps(schema)))
    assert rulebook.asked("100.00", kind="payment", to=PAYEES[0])
    assert not rulebook.asked("100.00", to=PAYEES[0])
    assert not rulebook.asked("99.99", kind="payment", to=PAYEES[0])


@pytest.mark.parametrize("thresholds", [("100", "50"), ("50", "100")])
@pytest.mark.parametrize("whom", [{"counterparty": PAYEES[0]}, {}])
def test_the_stricter_of_two_rules_applies(thresholds: tuple[str, str], whom: dict[str, Any]) -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(*(rule(threshold, **whom) for threshold in thresholds))
    assert (rulebook.needed("49.99"), rulebook.needed("50.00"), rulebook.needed("99.99"), rulebook.needed("100.00")) == (
        False,
        True,
        True,
        True,
    )


async def test_a_rule_about_a_user_matches_each_of_that_users_wallets(bank: Bank, payer: Holder, payee: Holder) -> None:
    rulebook, other = ApprovalRulebook(), await bank.holder()
    second = (await bank.post("/wallets", payee.user_id, {"currency": "NAD"})).json()["data"]
    wallets = [payee, Holder(payee.user_id, UUID(second["id"]))]
    rulebook.publish(rule("50", counterparty=payee.user_id))
    bank.prices.rules = rulebook.approvals.approvals()
    for wallet in wallets:
        assert (await bank.made(payer, wallet, "49.99"))["status"] == "completed"
        assert (await bank.made(payer, wallet, "50.00"))["status"] == "pending_approval"
    assert (await bank.made(payer, other, "50.00"))["status"] == "completed"
    assert [(await bank.wallet(wallet))[0] for wallet in wallets] == ["49.99", "49.99"]

    rulebook.publish(rule("50", counterparty=payee.wallet_id))
    bank.prices.rules = rulebook.approvals.approvals()
    statuses = [(await bank.made(payer, wallet, "50.00"))["status"] for wallet in wallets]
    assert statuses == ["pending_approval", "completed"]


@pytest.mark.parametrize("about", ["user", "wallet"])
async def test_a_quote_says_that_a_payee_requires_an_approval(bank: Bank, payer: Holder, payee: Holder, about: str) -> None:
    rulebook, other = ApprovalRulebook(), await bank.holder()
    rulebook.publish(rule("50", counterparty=payee.user_id if about == "user" else payee.wallet_id))
    bank.prices.rules = rulebook.approvals.approvals()

    async def needs_approval(amount: str, target: UUID | None) -> bool:
        body = {"amount": amount, "currency": "NAD"} | ({"target_wallet_id": str(target)} if target else {})
        answer = await bank.post("/fees/quote", payer.user_id, body)
        needed: bool = answer.json()["data"]["needs_approval"]
        return needed

    assert await needs_approval("50.00", payee.wallet_id)
    assert not await needs_approval("49.99", payee.wallet_id)
    for target in (other.wallet_id, new_id(), None):
        assert not await needs_approval("50.00", target)


@pytest.mark.parametrize("reference", ["", "INV-7"])
async def test_a_quote_evaluates_the_same_rules_as_the_order(bank: Bank, payer: Holder, payee: Holder, reference: str) -> None:
    asked: list[ApprovalQuestion] = []

    def judge(question: ApprovalQuestion) -> bool:
        asked.append(question)
        return False

    bank.prices.rules = approval_from("0", judge)
    kind, path, more = ("payment", "/payments", {"reference": reference}) if reference else ("transfer", "/transfers", {})
    if reference:
        await bank.sells(payee)
    body = {"kind": kind, "amount": "50.00", "currency": "NAD", "target_wallet_id": str(payee.wallet_id)}
    assert (await bank.post("/fees/quote", payer.user_id, body)).status_code == 200
    await bank.made(payer, payee, "50.00", path=path, **more)
    expected = ApprovalQuestion(
        rule="large",
        kind=kind,
        amount=Decimal("50.00"),
        currency="NAD",
        initiator_id=payer.user_id,
        roles=frozenset({"user"}),
        counterparties=(payee.wallet_id, payee.user_id),
    )
    assert asked == [expected, expected]


async def test_a_transfer_of_a_schedule_requires_an_approval_too(bank: Bank, payer: Holder, payee: Holder) -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(rule("50", counterparty=payee.user_id))
    bank.prices.rules = rulebook.approvals.approvals()
    starts_at = (bank.clock.now() + timedelta(seconds=1)).isoformat()
    wallets = {"source_wallet_id": str(payer.wallet_id), "target_wallet_id": str(payee.wallet_id)}
    plan = {**wallets, "currency": "NAD", "amount": "50.00", "starts_at": starts_at}
    assert (await bank.post("/transfers/schedules", payer.user_id, plan)).status_code == 201
    bank.wait(seconds=1)
    await bank.run_schedules()
    [waiting] = (await bank.staff("GET", "/transfers/awaiting-approval")).json()["data"]["items"]
    assert (waiting["amount"], waiting["held_amount"], waiting["target_wallet_id"]) == ("50.00", "50.00", str(payee.wallet_id))
    assert await bank.wallet(payer) == ("1000.00", "50.00", "950.00")


@given(
    all_terms,
    st.integers(1, 40_000).map(lambda n: f"{Decimal(n).scaleb(-2):f}"),
    st.sampled_from(["NAD", "ELC"]),
    st.sampled_from(["transfer", "payment"]),
    st.sampled_from([("user",), ("staff",), ()]),
)
def test_ignoring_small_amounts_never_changes_the_result(
    terms: list[ApprovalTerms], amount: str, currency: str, kind: str, roles: tuple[str, ...]
) -> None:
    rulebook = ApprovalRulebook()
    rulebook.publish(*terms)
    matches = any(
        term.currency == currency
        and Decimal(amount) >= term.threshold
        and (not term.kinds or kind in term.kinds)
        and (term.role is None or term.role in roles)
        and term.counterparty in {None, PAYEES[0]}
        for term in terms
    )
    assert rulebook.needed(amount, currency, kind=kind, roles=roles) is matches
