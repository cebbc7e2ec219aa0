"""Policies about the facts of payments deny them by every way, for the whole request, and before anything is written."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pytest

from chassis.policies import LimitedRole, Policies, Resource
from chassis.policies.decisions import Outcome
from chassis.rpc import RemoteError
from chassis.testing.policies import limited
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from kernel.actor import Actor
from kernel.ids import new_id
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.companies import founded
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.published_policies import above, forbid, limit, publish
from services.payments.tests.contract.ways import WAYS, halves, leg

DENIED: Final = (403, "ACC_001")
OWN_WALLET: Final = forbid("own-wallet", "resource has owner && resource.owner != principal.id")
ways = pytest.mark.parametrize("way", WAYS)


async def try_to_pay(bank: Bank, way: str, payer: Holder, payee: Holder, amount: str, **rest: Any) -> tuple[int, str]:
    """Return the status of a request, and its code if it was refused."""
    body_of, _ = WAYS[way]
    answer = await bank.post(way, payer.user_id, body_of(payer, payee, amount), **rest)
    return answer.status_code, answer.json()["code"] if answer.is_error else ""


async def require_denied(bank: Bank, way: str, payer: Holder, payee: Holder, amount: str, **rest: Any) -> None:
    """Require that the policies deny a payment, and that nothing but an uploaded file is written."""
    before = await bank.wallet(payer)
    async with unchanged(bank.database, but=("objects",) if way == "/transfers/bulk" else ()):
        assert await try_to_pay(bank, way, payer, payee, amount, **rest) == DENIED
    assert await bank.wallet(payer) == before


@ways
async def test_a_request_may_take_the_limit_and_nothing_above_it(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    """Linked transfers and files are two payments here, and each of them is far below the limit."""
    publish(bank, limit("100.00"))
    if way == "/payments":
        await bank.sells(payee)
    await require_denied(bank, way, payer, payee, "100.01")
    assert await try_to_pay(bank, way, payer, payee, "100.00") == (WAYS[way][1], "")


async def test_the_limit_holds_for_orders_that_a_peer_passes_on(bank: Bank, payer: Holder, payee: Holder, stub: Stub) -> None:
    publish(bank, limit("100.00"))
    large, small = order(bank, payer, payee, "100.01"), order(bank, payer, payee, "100.00")
    async with unchanged(bank.database):
        with pytest.raises(RemoteError) as refused:
            await stub.Transfer(payments_pb2.TransferRequest(order=large))
    assert refused.value.code == "ACC_001"
    # Together in one batch, but separate requests.
    answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=[large, small]))
    assert [one.refusal.code for one in answer.outcomes] == ["ACC_001", ""]
    assert await bank.wallet(payer) == ("900.00", "0.00", "900.00")


async def test_payments_and_transfers_to_many_payees_are_added_up(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, limit("100.00"), forbid("merchants", 'context has kind && context.kind == "refund"'))
    merchant = await bank.merchant()
    legs = [leg(payer, payee, "60.00"), leg(payer, merchant, "40.01")]
    async with unchanged(bank.database):
        assert refusal(await bank.post("/transfers/linked", payer.user_id, {"legs": legs})) == DENIED
    legs[1]["amount"] = "40.00"
    assert (await bank.post("/transfers/linked", payer.user_id, {"legs": legs})).status_code == 201


@pytest.mark.parametrize("kind", ["transfer", "payment", "conversion"])
async def test_the_kind_is_the_one_that_the_payees_wallet_decides(bank: Bank, payer: Holder, payee: Holder, kind: str) -> None:
    bank.exchange("0.05")
    merchant, abroad = await bank.merchant(), await bank.holder(currency="USD")
    publish(bank, forbid("kind", f'context has kind && context.kind == "{kind}"'))
    found: dict[str, int] = {}
    for name, target, more in (
        ("transfer", payee, {}),
        ("payment", merchant, {}),
        ("conversion", abroad, {"target_currency": "USD"}),
    ):
        found[name] = (await bank.pay(payer, target, "20.00", **more)).status_code
    assert found == {**dict.fromkeys(("transfer", "payment", "conversion"), 201), kind: 403}


async def test_the_limit_of_a_role_concerns_those_who_have_it(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, limit("100.00", role="staff"))
    await require_denied(bank, "/transfers", payer, payee, "100.01", roles=("user", "staff"))
    assert await try_to_pay(bank, "/transfers", payer, payee, "100.01") == (201, "")


async def test_the_smallest_part_above_a_limit_is_above_it(bank: Bank, payee: Holder) -> None:
    publish(bank, forbid("limit", above("1.0", "ELC")))
    payer, target = await bank.holder("10", "ELC"), await bank.holder(currency="ELC")
    async with unchanged(bank.database):
        assert refusal(await bank.pay(payer, target, "1.00000001", currency="ELC")) == DENIED
    assert (await bank.pay(payer, target, "1.00000000", currency="ELC")).status_code == 201


@ways
async def test_only_from_ones_own_wallet(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    """A member pays from the organization's wallet by the organization's session, and the wallet is the organization's."""
    company = await founded(bank, "1000.00")
    publish(bank, OWN_WALLET)
    if way == "/payments":
        await bank.sells(payee)
    body_of, accepted = WAYS[way]
    body = body_of(company.as_holder, payee, "10.00")
    async with unchanged(bank.database, but=("objects",)):
        assert refusal(await company.send("POST", way, body)) == DENIED
    assert await company.balance() == "1000.00"
    assert await try_to_pay(bank, way, payer, payee, "10.00") == (accepted, "")


async def test_the_owner_is_the_wallets_and_not_the_one_who_asks(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, forbid("not-theirs", f'resource has owner && resource.owner == "{payer.user_id}"'))
    stranger = Holder(new_id(), payer.wallet_id)
    async with unchanged(bank.database):
        assert refusal(await bank.pay(stranger, payee, "1.00")) == DENIED
    assert bank.decisions[-1].inputs.attributes == {"owner": str(payer.user_id)}


async def test_the_organization_is_the_wallets_and_a_role_there_counts(bank: Bank, payee: Holder) -> None:
    company, other = await founded(bank, "1000.00"), await founded(bank, "1000.00")
    publish(bank, forbid("theirs", f'{above("10.0")} && resource has organization && resource.organization == "{company.id}"'))
    limited(bank.policies, company.clerk, LimitedRole("user", str(company.id)))
    for amount, expected in (("10.01", 403), ("10.00", 201)):
        answer = await company.send("POST", "/transfers", leg(company.as_holder, payee, amount), roles=("guest",))
        assert answer.status_code == expected, answer.text
    assert (await other.send("POST", "/transfers", leg(other.as_holder, payee, "10.01"))).status_code == 201
    assert (await company.balance(), await other.balance()) == ("990.00", "989.99")


@ways
async def test_a_repeated_request_gets_its_first_answer(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    if way == "/payments":
        await bank.sells(payee)
    first = await try_to_pay(bank, way, payer, payee, "100.01", key="k")
    publish(bank, limit("100.00"))
    assert await try_to_pay(bank, way, payer, payee, "100.01", key="k") == first
    await require_denied(bank, way, payer, payee, "100.01", key="another")


MFA: Final = forbid(
    "mfa",
    f"context.interactive && !(!({above('100.00')}) || context.two_factors && context.minutes_since_sign_in < 5)",
    step_up_seconds=300,
)


@ways
async def test_a_denial_that_a_fresh_sign_in_ends_asks_for_it(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    publish(bank, MFA)
    if way == "/payments":
        await bank.sells(payee)
    once: dict[str, Any] = {"methods": ("pwd",)}
    async with unchanged(bank.database, but=("objects",)):
        assert await try_to_pay(bank, way, payer, payee, "100.01", **once) == (401, "AUTH_005")
    assert await try_to_pay(bank, way, payer, payee, "100.00", **once) == (WAYS[way][1], "")
    assert await try_to_pay(bank, way, payer, payee, "100.01") == (WAYS[way][1], "")


async def test_nobody_is_asked_to_sign_in_only_to_be_denied(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, MFA, forbid("kind", 'context has kind && context.kind == "payment"'))
    merchant = await bank.merchant()
    legs = [leg(payer, payee, "100.01"), leg(payer, merchant, "1.00")]
    answer = await bank.post("/transfers/linked", payer.user_id, {"legs": legs}, methods=("pwd",))
    assert refusal(answer) == DENIED


async def rehearsed(bank: Bank, way: str, payer: Holder, body: dict[str, Any], **rest: Any) -> dict[str, Any]:
    async with unchanged(bank.database):
        answer = await bank.post(way, payer.user_id, {**body, "dry_run": True}, **rest)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize("way", ["/transfers", "/transfers/linked", "/transfers/bulk"])
async def test_a_dry_run_lists_the_denial_first(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    publish(bank, limit("100.00"))
    body_of, _ = WAYS[way]
    body = body_of(payer, payee, "5000.01")
    result = await rehearsed(bank, way, payer, body, methods=("pwd",))
    # A file that is denied would never run, so nothing is said of its lines.
    more = [] if way == "/transfers/bulk" else ["PAY_001"]
    assert [one["code"] for one in result["refusals"]] == ["ACC_001", "AUTH_005", "PAY_016", *more]
    assert (result["outcome"], result.get("transfers", []), result.get("run")) == ("refused", [], None)
    assert result["refusals"][0]["details"] == {}
    denied = await rehearsed(bank, way, payer, body_of(payer, payee, "100.01"))
    assert ([one["code"] for one in denied["refusals"]], denied.get("transfers", [])) == (["ACC_001"], [])
    fine = await rehearsed(bank, way, payer, body_of(payer, payee, "100.00"))
    assert (fine["refusals"], fine["outcome"] == "refused") == ([], False)


async def test_a_dry_run_counts_a_step_up_of_the_policies_among_the_needs(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, MFA)
    result = await rehearsed(bank, "/transfers", payer, leg(payer, payee, "100.01"), methods=("pwd",))
    assert ([one["code"] for one in result["refusals"]], result["needs"]["step_up"]) == (["AUTH_005"], True)
    assert [one["amount"] for one in result["transfers"]] == ["100.01"]


async def quoted(bank: Bank, payer: Holder, amount: str, *, methods: Sequence[str] = ("pwd", "otp", "mfa"), **more: str) -> Any:
    body = {"amount": amount, "currency": "NAD", **more}
    async with unchanged(bank.database):
        answer = await bank.post("/fees/quote", payer.user_id, body, methods=tuple(methods))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("named", [True, False], ids=["from a wallet", "from any wallet"])
async def test_a_quote_shows_the_denial(bank: Bank, payer: Holder, payee: Holder, named: bool) -> None:
    wallets = {"source_wallet_id": str(payer.wallet_id), "target_wallet_id": str(payee.wallet_id)} if named else {}
    publish(bank, limit("100.00"), MFA.replace("100.00", "50.00"))
    assert (await quoted(bank, payer, "100.01", **wallets))["refusal"]["code"] == "ACC_001"
    assert (await quoted(bank, payer, "100.00", **wallets))["refusal"] is None
    weak = await quoted(bank, payer, "100.00", methods=("pwd",), **wallets)
    assert (weak["refusal"], weak["needs"]["step_up"]) == (None, True)


async def test_a_quote_of_an_organization_is_from_its_wallets(bank: Bank) -> None:
    company = await founded(bank, "100.00")
    publish(bank, OWN_WALLET)
    question = {"amount": "1.00", "currency": "NAD"}
    answer = await company.send("POST", "/fees/quote", question)
    assert answer.json()["data"]["refusal"]["code"] == "ACC_001"
    assert (await quoted(bank, Holder(company.clerk), "1.00"))["refusal"] is None


@ways
async def test_a_shadow_policy_is_recorded_and_refuses_nothing(bank: Bank, payer: Holder, payee: Holder, way: str) -> None:
    publish(bank, shadow=[limit("100.00")])
    if way == "/payments":
        await bank.sells(payee)
    bank.decisions.clear()
    for amount in ("100.00", "100.01"):
        assert await try_to_pay(bank, way, payer, payee, amount) == (WAYS[way][1], "")
    [watched] = bank.decisions
    assert (watched.allowed, watched.permission, watched.shadow) == (True, "payment:create", ("policy:limit",))
    assert (watched.resource_type, watched.resource_id) == ("wallet", str(payer.wallet_id))
    assert watched.inputs.facts == {
        "amount": {"__extn": {"fn": "decimal", "arg": "100.0100"}},
        "currency": "NAD",
        "kind": "payment" if way == "/payments" else "transfer",
    }
    assert watched.inputs.attributes == {"owner": str(payer.user_id)}


class Spy:
    """Counts the questions about wallets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Resource] = []
        decide = Policies.decide

        def watched(policies: Policies, actor: Actor, permission: str, *rest: Any) -> Outcome:
            self.asked += [each for each in rest if isinstance(each, Resource) and each.type in {"wallet", "transfer"}]
            return decide(policies, actor, permission, *rest)

        monkeypatch.setattr(Policies, "decide", watched)


@pytest.mark.parametrize("policy", ["", forbid("night", "context.minute_of_day < 0")], ids=["none", "about the time alone"])
@ways
async def test_nothing_is_asked_if_no_policy_reads_facts(
    bank: Bank, payer: Holder, payee: Holder, way: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch)
    publish(bank, policy)
    if way == "/payments":
        await bank.sells(payee)
    assert await try_to_pay(bank, way, payer, payee, "100.01") == (WAYS[way][1], "")
    await quoted(bank, payer, "100.01")
    assert spy.asked == []
    publish(bank, limit("1000.00"))
    assert await try_to_pay(bank, way, payer, payee, "100.01") == (WAYS[way][1], "")
    assert [(each.type, each.id) for each in spy.asked] == [("wallet", str(payer.wallet_id))]


async def test_what_no_payer_orders_is_not_asked_about(bank: Bank, payer: Holder, payee: Holder) -> None:
    """Issuances, captures, refunds and reversals: the payment that they follow was asked about, or nobody pays."""
    held, received = await bank.made(payer, payee, "100.00", capture="later"), await bank.made(payer, payee, "100.00")
    publish(bank, limit("0.01"))
    await bank.holder("500.00")
    captured = await bank.post(f"/transfers/{held['id']}/capture", payer.user_id, {})
    assert captured.json()["data"]["status"] == "completed", captured.text
    refunded = await bank.post(f"/transfers/{received['id']}/refund", payee.user_id, {"reason": "returned", "amount": "10.00"})
    assert refunded.status_code == 201, refunded.text
    assert await bank.wallet(payer) == ("810.00", "0.00", "810.00")


async def test_an_approval_rule_and_a_limit_are_both_judged(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.rules = approval_from("50")
    publish(bank, limit("100.00"))
    await require_denied(bank, "/transfers", payer, payee, "100.01")
    assert (await bank.made(payer, payee, "100.00"))["status"] == "pending_approval"


async def test_linked_orders_from_two_wallets_are_judged_together(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, limit("100.00"))
    second = UUID((await bank.post("/wallets", payer.user_id, {"currency": "NAD"})).json()["data"]["id"])
    await bank.made(payer, Holder(payer.user_id, second), "100.00")
    for amount, status in (("40.01", 403), ("40.00", 201)):
        legs = [*halves(payer, payee, "60.00"), leg(Holder(payer.user_id, second), payee, amount)]
        assert (await bank.post("/transfers/linked", payer.user_id, {"legs": legs})).status_code == status


async def test_policies_that_are_too_old_deny_nobody_and_let_nothing_pass(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, limit("100.00"))
    bank.clock.advance(seconds=301)
    async with unchanged(bank.database):
        for amount in ("1.00", "100.01"):
            assert refusal(await bank.pay(payer, payee, amount)) == (503, "SRV_002")
    bank.policies.confirm()
    assert (await bank.pay(payer, payee, "1.00")).status_code == 201


async def test_a_policy_that_was_withdrawn_denies_nothing(bank: Bank, payer: Holder, payee: Holder) -> None:
    publish(bank, limit("100.00"))
    await require_denied(bank, "/transfers", payer, payee, "100.01")
    publish(bank)
    assert await try_to_pay(bank, "/transfers", payer, payee, "100.01") == (201, "")
