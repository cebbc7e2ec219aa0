"""Who may be paid, by each way of paying: a table of ways and accounts, and the effects of a merchant's wallet."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from chassis.rpc import RemoteError
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from kernel.ids import new_id
from payments.domain.account import SystemCode, system_account_id
from payments.domain.price_book import PriceBook
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.ways import leg
from services.payments.tests.unit.prices import fee_rule, tier

REASON: Final = {"reason": "agreed by phone"}
Way = Callable[[Bank, Holder, UUID], Awaitable[str]]


def outcome(response: httpx.Response) -> str:
    """Return the kind of what was made (its status if it has no kind), or the code of the error."""
    answer = response.json()
    if response.status_code >= 400:
        return str(answer["code"])
    made = answer["data"]
    made = made["items"][0] if "items" in made else made
    return str(made.get("kind", made["status"]))


async def transfer(bank: Bank, payer: Holder, target: UUID, **more: Any) -> str:
    body = {**leg(payer, Holder(wallet_id=target), "1.00"), **more}
    return outcome(await bank.post("/transfers", payer.user_id, body))


async def hold(bank: Bank, payer: Holder, target: UUID) -> str:
    return await transfer(bank, payer, target, capture="later")


async def convert(bank: Bank, payer: Holder, target: UUID) -> str:
    return await transfer(bank, payer, target, target_currency="USD")


async def payment(bank: Bank, payer: Holder, target: UUID, **more: Any) -> str:
    body = {**leg(payer, Holder(wallet_id=target), "1.00"), "reference": "INV-1", **more}
    return outcome(await bank.post("/payments", payer.user_id, body))


async def payment_on_hold(bank: Bank, payer: Holder, target: UUID) -> str:
    return await payment(bank, payer, target, capture="later")


async def linked(bank: Bank, payer: Holder, target: UUID) -> str:
    to = Holder(wallet_id=target)
    return outcome(
        await bank.post("/transfers/linked", payer.user_id, {"legs": [leg(payer, to, "1.00"), leg(payer, to, "1.00")]})
    )


async def bulk(bank: Bank, payer: Holder, target: UUID) -> str:
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort"}
    lines = [{"target_wallet_id": str(target), "amount": "1.00"}]
    answer = await bank.post("/transfers/bulk", payer.user_id, {**file, "lines": lines})
    if answer.status_code >= 400:
        return outcome(answer)
    made = answer.json()["data"]["id"]
    await bank.run_bulk(made)
    [line] = (await bank.get(f"/transfers/bulk/{made}/lines", payer.user_id)).json()["data"]["items"]
    return await kind_of(bank, payer, line["transfer_id"]) if line["transfer_id"] else str(line["code"])


async def schedule(bank: Bank, payer: Holder, target: UUID) -> str:
    starts_at = (bank.clock.now().replace(microsecond=0)).isoformat()
    answer = await bank.post(
        "/transfers/schedules", payer.user_id, {**leg(payer, Holder(wallet_id=target), "1.00"), "starts_at": starts_at}
    )
    if answer.status_code >= 400:
        return outcome(answer)
    await bank.run_schedules()
    [run] = (await bank.get(f"/transfers/schedules/{answer.json()['data']['id']}/runs", payer.user_id)).json()["data"]["items"]
    return await kind_of(bank, payer, run["transfer_id"]) if run["transfer_id"] else str(run["code"])


async def issuance(bank: Bank, _payer: Holder, target: UUID) -> str:
    issue = {"wallet_id": str(target), "amount": "1.00", "currency": "NAD", "reason": "resolution 12"}
    return outcome(await bank.post("/issuances", bank.staff_id, issue, roles=("admin",)))


def by_peer(stub: Stub) -> Way:
    async def peer(bank: Bank, payer: Holder, target: UUID) -> str:
        asked = order(bank, payer, Holder(wallet_id=target), "1.00")
        try:
            made = await stub.Transfer(payments_pb2.TransferRequest(order=asked))
        except RemoteError as refused:
            return refused.code
        return await kind_of(bank, payer, made.settled.transfer_id)

    return peer


async def kind_of(bank: Bank, payer: Holder, transfer_id: str) -> str:
    return str((await bank.get(f"/transfers/{transfer_id}", payer.user_id)).json()["data"]["kind"])


WAYS: Final[tuple[Way, ...]] = (
    transfer, hold, convert, payment, payment_on_hold, linked, bulk, schedule, issuance,
)  # fmt: skip
PERSONAL: Final = {
    "transfer": "transfer",
    "hold": "transfer",
    "convert": "PAY_004",
    "payment": "transfer",
    "payment_on_hold": "transfer",
    "linked": "transfer",
    "bulk": "transfer",
    "schedule": "transfer",
    "issuance": "issuance",
    "peer": "transfer",
}
MERCHANT: Final = {way: "payment" if kind == "transfer" else kind for way, kind in PERSONAL.items()}
DOLLARS: Final = {way: "conversion" if way == "convert" else "PAY_004" for way in PERSONAL} | {"bulk": "VAL_001"}
# Callers do not learn that such an account exists. A file reports its faulty lines.
ABSENT: Final = dict.fromkeys(PERSONAL, "RES_001") | {"bulk": "VAL_001"}


async def accounts(bank: Bank) -> Mapping[str, UUID]:
    """Return one account of each type."""
    shop_abroad = await bank.holder(currency="USD")
    await bank.sells(shop_abroad)
    return {
        "personal wallet": (await bank.holder()).wallet_id,
        "merchant's wallet": (await bank.merchant()).wallet_id,
        "wallet in USD": (await bank.holder(currency="USD")).wallet_id,
        "merchant's in USD": shop_abroad.wallet_id,
        "no account": new_id(),
        **{str(code): system_account_id(code, "NAD") for code in SystemCode},
        "treasury in USD": system_account_id(SystemCode.TREASURY, "USD"),
    }


async def test_each_way_pays_wallets_only(bank: Bank, payer: Holder, stub: Stub) -> None:
    bank.exchange("0.05")
    kinds, ways = await accounts(bank), (*WAYS, by_peer(stub))
    table = {name: {way.__name__: await way(bank, payer, id_) for way in ways} for name, id_ in kinds.items()}

    # ruff: noqa: T201  # read the table with `pytest -rP`
    print(f"{'':20}" + "".join(f"{way.__name__:>17}" for way in ways))
    for name, row in table.items():
        print(f"{name:20}" + "".join(f"{row[way.__name__]:>17}" for way in ways))
    assert table == {
        **dict.fromkeys(kinds, ABSENT),
        # Issuances come from the treasury: no account pays itself.
        "treasury": {**ABSENT, "issuance": "PAY_005"},
        "personal wallet": PERSONAL,
        "merchant's wallet": MERCHANT,
        "wallet in USD": DOLLARS,
        "merchant's in USD": {**DOLLARS, "convert": "payment"},
    }


async def test_no_system_account_is_credited_or_holds_money_by_an_order(bank: Bank, payer: Holder) -> None:
    for code in SystemCode:
        async with unchanged(bank.database):
            for way in (transfer, hold, payment, payment_on_hold, linked, bulk, schedule, issuance):
                assert await way(bank, payer, system_account_id(code, "NAD")) in {"RES_001", "VAL_001", "PAY_005"}


async def test_the_payees_wallet_decides_the_kind_of_a_transfer_whichever_route_is_used(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    bank.prices.book = PriceBook([fee_rule(tier(flat="2.00"), code="pay", kind="payment")])
    shop = await bank.merchant()
    for path, target, kind, fee in (
        ("/transfers", shop, "payment", "2.00"),
        ("/payments", shop, "payment", "2.00"),
        ("/transfers", payee, "transfer", "0.00"),
        ("/payments", payee, "transfer", "0.00"),
    ):
        made = await bank.made(payer, target, "10.00", path=path, reference="INV-9")
        assert (made["kind"], made["fee_total"], made["reference"]) == (kind, fee, "INV-9")


async def test_a_change_of_usage_does_not_affect_earlier_orders(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.book = PriceBook([fee_rule(tier(flat="2.00"), code="pay", kind="payment")])
    held = await bank.made(payer, payee, "10.00", capture="later", key="held")
    await bank.made(payer, payee, "20.00", key="moved")
    await bank.sells(payee)
    captured = await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {})
    assert [captured.json()["data"][name] for name in ("kind", "status", "fee_total")] == ["transfer", "completed", "0.00"]
    again = await bank.pay(payer, payee, "20.00", key="moved")
    assert (again.headers["idempotency-replayed"], again.json()["data"]["kind"]) == ("true", "transfer")
    assert (await bank.made(payer, payee, "1.00"))["kind"] == "payment"
    await bank.sells(payee, "personal")
    assert (await bank.made(payer, payee, "1.00"))["kind"] == "transfer"


async def test_a_payment_between_currencies_is_not_refunded_in_one_of_them(bank: Bank, payer: Holder) -> None:
    bank.exchange("0.05")
    shop = await bank.holder(currency="USD")
    await bank.sells(shop)
    paid = await bank.made(payer, shop, "100.00", target_currency="USD")
    assert (paid["kind"], paid["target_amount"]) == ("payment", "4.95")
    assert refusal(await bank.post(f"/transfers/{paid['id']}/refund", shop.user_id, REASON)) == (409, "PAY_013")
    reverse = await bank.post(f"/transfers/{paid['id']}/reverse", bank.staff_id, REASON, roles=("admin",))
    assert reverse.status_code == 201, reverse.text
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_setting_the_usage_that_a_wallet_has_changes_nothing(bank: Bank, payee: Holder) -> None:
    await bank.sells(payee)
    # The read of the wallet is recorded.
    async with unchanged(bank.database, but=("idempotency_keys", "outbox")):
        await bank.sells(payee)


@pytest.mark.parametrize("body", [{"usage": "charity", **REASON}, {"usage": "merchant"}, {"usage": None, **REASON}])
async def test_a_usage_is_personal_or_merchant_and_requires_a_reason(bank: Bank, payee: Holder, body: dict[str, Any]) -> None:
    answer = await bank.staff("PUT", f"/wallets/{payee.wallet_id}/usage", body)
    assert refusal(answer) == (422, "VAL_001")


async def test_a_usage_is_set_only_on_existing_wallets_that_are_not_closed(bank: Bank, payee: Holder) -> None:
    body = {"usage": "merchant", **REASON}
    for absent in (new_id(), system_account_id(SystemCode.FEES, "NAD")):
        assert refusal(await bank.staff("PUT", f"/wallets/{absent}/usage", body)) == (404, "RES_001")
    assert (await bank.send("DELETE", f"/wallets/{payee.wallet_id}", payee.user_id)).status_code == 200
    assert refusal(await bank.staff("PUT", f"/wallets/{payee.wallet_id}/usage", body)) == (409, "PAY_009")


@pytest.mark.parametrize("status", ["pending", "pending_approval"])
async def test_a_wallet_that_holds_are_to_be_paid_into_stays_open(bank: Bank, payer: Holder, payee: Holder, status: str) -> None:
    if status == "pending_approval":
        bank.approve_above("10.00")
    held = await bank.made(payer, payee, "10.00", capture="later")
    assert held["status"] == status
    path = f"/wallets/{payee.wallet_id}"
    assert refusal(await bank.send("DELETE", path, payee.user_id)) == (409, "PAY_010")
    assert (await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)).status_code == 200
    assert (await bank.send("DELETE", path, payee.user_id)).status_code == 200


async def test_staff_cancel_any_hold_with_a_reason(bank: Bank, payer: Holder, payee: Holder) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    path = f"/transfers/{held['id']}/void"
    assert refusal(await bank.staff("POST", path, {"reason": ""})) == (422, "VAL_001")
    voided = await bank.staff("POST", path, {"reason": "the shop has closed"})
    assert [voided.json()["data"][name] for name in ("status", "reason")] == ["cancelled", "the shop has closed"]
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


@pytest.mark.parametrize("roles", [("user",), ("staff",)])
async def test_a_sender_does_not_cancel_a_hold_that_the_receiver_may_capture(
    bank: Bank, payer: Holder, payee: Holder, roles: tuple[str, ...]
) -> None:
    held = await bank.made(payer, payee, "300.00", capture="later")
    async with unchanged(bank.database):
        assert refusal(await bank.post(f"/transfers/{held['id']}/void", payer.user_id, REASON, roles=roles)) == (403, "ACC_001")


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize("who", ["payer", "payee"])
async def test_nobody_decides_on_a_transfer_that_they_pay_or_receive(
    bank: Bank, payer: Holder, payee: Holder, decision: str, who: str
) -> None:
    bank.approve_above("10.00")
    waiting = await bank.made(payer, payee, "10.00")
    path, decider = f"/transfers/{waiting['id']}/{decision}", payer if who == "payer" else payee
    async with unchanged(bank.database):
        assert refusal(await bank.post(path, decider.user_id, REASON, roles=("staff",))) == (403, "ACC_001")
    assert (await bank.staff("POST", path, REASON)).status_code == 200
