"""Approval rules with a window count everything that a payer sent within it, whichever way it was sent."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from governance.domain.approval_rule import ApprovalTerms
from governance.domain.window import Window
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.rulebook import counted, govern, rule
from services.payments.tests.contract.windows import NOTHING, submitted

DAY: Final = Window(24)
# The outcome of each request: the status of a transfer or a file, or the code of an error.
Statuses = Counter[str]
Ask = Callable[[Bank, Holder, Holder, int], Awaitable[Statuses]]


@pytest.fixture
async def payer(bank: Bank) -> Holder:
    return await bank.holder("9000.00")


def legs(source: Holder, *to: tuple[Holder, str]) -> dict[str, Any]:
    wallet = str(source.wallet_id)
    made = [
        {"source_wallet_id": wallet, "target_wallet_id": str(target.wallet_id), "amount": amount, "currency": "NAD"}
        for target, amount in to
    ]
    return {"legs": made}


async def transfers_of(bank: Bank, payer: Holder) -> Statuses:
    path = f"/transfers?wallet_id={payer.wallet_id}&limit=100"
    items = (await bank.get(path, payer.user_id)).json()["data"]["items"]
    return Counter(item["status"] for item in items if item["initiator_id"] == str(payer.user_id))


async def singly(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    for _ in range(times):
        await bank.made(payer, payee, "99.99")
    return await transfers_of(bank, payer)


async def as_holds(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    for _ in range(times):
        await bank.made(payer, payee, "99.99", capture="later")
    statuses = await transfers_of(bank, payer)
    # Holds count like settled transfers.
    statuses["completed"] += statuses.pop("pending")
    return statuses


async def as_payments(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    await bank.sells(payee)
    for number in range(times):
        await bank.made(payer, payee, "99.99", path="/payments", reference=f"INV-{number}")
    return await transfers_of(bank, payer)


async def by_files_that_run_last(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    files = [await submitted(bank, payer, (payee, "99.99")) for _ in range(times)]
    assert Counter(one["status"] for one in files) == {"accepted": 1, "pending_approval": times - 1}
    for one in files:
        await bank.run_bulk(one["id"])
    return await standings(bank, payer, files)


async def by_files_that_run_at_once(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    files = []
    for number in range(times):
        mode = ("best_effort", "all_or_nothing")[number % 2]
        files.append(await submitted(bank, payer, (payee, "99.99"), mode=mode))
        await bank.run_bulk(files[-1]["id"])
    return await standings(bank, payer, files)


async def standings(bank: Bank, payer: Holder, files: list[dict[str, Any]]) -> Statuses:
    """Return the statuses of files, and require that a file that waits made nothing."""
    assert await transfers_of(bank, payer) == {"completed": 1}
    found = [(await bank.get(f"/transfers/bulk/{one['id']}", payer.user_id)).json()["data"]["status"] for one in files]
    return Counter(found)


async def by_schedules(bank: Bank, payer: Holder, payee: Holder, times: int) -> Statuses:
    starts_at = (bank.clock.now() + timedelta(seconds=1)).isoformat()
    [leg] = legs(payer, (payee, "99.99"))["legs"]
    for _ in range(times):
        planned = await bank.post("/transfers/schedules", payer.user_id, {**leg, "starts_at": starts_at})
        assert planned.status_code == 201, planned.text
    bank.wait(seconds=1)
    assert await bank.run_schedules() == times
    return await transfers_of(bank, payer)


WAYS: Final[Mapping[str, Ask]] = {
    "transfers": singly,
    "holds": as_holds,
    "payments": as_payments,
    "files that run last": by_files_that_run_last,
    "files that run at once": by_files_that_run_at_once,
    "schedules": by_schedules,
}


def in_all(_payee: Holder) -> ApprovalTerms:
    return rule("100", window=DAY)


def to_the_wallet(payee: Holder) -> ApprovalTerms:
    return rule("100", window=DAY, counterparty=payee.wallet_id)


def to_the_owner(payee: Holder) -> ApprovalTerms:
    return rule("100", window=DAY, counterparty=payee.user_id)


SCOPES: Final = [(in_all, 50), (to_the_wallet, 4), (to_the_owner, 4)]
scopes = pytest.mark.parametrize(("terms", "times"), SCOPES, ids=lambda value: getattr(value, "__name__", str(value)))
Terms = Callable[[Holder], ApprovalTerms]


@pytest.mark.parametrize("way", WAYS)
@scopes
async def test_of_many_requests_below_a_threshold_the_first_is_made_and_the_others_wait(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch, way: str, terms: Terms, times: int
) -> None:
    monkeypatch.setattr("payments.application.bulk_transfers.acceptance.BULKS_OPEN_MAX", times)
    govern(bank, terms(payee))
    statuses = await WAYS[way](bank, payer, payee, times)
    assert statuses == {"completed": 1, "pending_approval": times - 1}
    moved, held = Decimal("99.99"), Decimal("99.99") * (times - 1)
    if way.startswith("files"):
        held = NOTHING
    if way == "holds":
        moved, held = NOTHING, held + moved
    assert [Decimal(amount) for amount in await bank.wallet(payer)] == [9000 - moved, held, 9000 - moved - held]
    assert Decimal((await bank.wallet(payee))[0]) == moved


@scopes
async def test_linked_legs_are_checked_together_with_what_was_sent_before(
    bank: Bank, payer: Holder, payee: Holder, terms: Terms, times: int
) -> None:
    govern(bank, terms(payee))
    body = legs(payer, (payee, "49.99"), (payee, "50.00"))
    answers = [await bank.post("/transfers/linked", payer.user_id, body) for _ in range(times // 2)]
    assert answers[0].status_code == 201, answers[0].text
    assert [refusal(answer) for answer in answers[1:]] == [(409, "PAY_041")] * (times // 2 - 1)
    assert await transfers_of(bank, payer) == {"completed": 2}
    assert await bank.wallet(payer) == ("8900.01", "0.00", "8900.01")


async def test_linked_legs_that_require_an_approval_name_the_rules_and_the_permission(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    govern(bank, rule("100", window=DAY), rule("100", counterparty=payee.user_id), rule("200"))
    answer = await bank.post("/transfers/linked", payer.user_id, legs(payer, (payee, "50.00"), (payee, "50.00")))
    assert refusal(answer) == (409, "PAY_041")
    assert answer.json()["details"] == {"rules": ["rule-0", "rule-1"], "approval_by": "payment:approve"}


@scopes
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "together"])
async def test_of_many_orders_of_a_peer_the_first_is_made_and_the_others_wait(
    bank: Bank, payer: Holder, payee: Holder, stub: Stub, terms: Terms, times: int, together: bool
) -> None:
    govern(bank, terms(payee))
    orders = [order(bank, payer, payee, "99.99") for _ in range(times)]
    if together:
        answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=orders))
        statuses = [one.settled.status for one in answer.outcomes]
    else:
        statuses = [(await stub.Transfer(payments_pb2.TransferRequest(order=one))).settled.status for one in orders]
    assert Counter(statuses) == {"completed": 1, "pending_approval": times - 1}
    assert await transfers_of(bank, payer) == Counter(statuses)


async def test_all_ways_of_paying_share_a_window(bank: Bank, payer: Holder, payee: Holder, stub: Stub) -> None:
    govern(bank, rule("100", window=DAY))
    assert (await bank.made(payer, payee, "40.00"))["status"] == "completed"
    assert (await submitted(bank, payer, (payee, "20.00")))["status"] == "accepted"
    linked = await bank.post("/transfers/linked", payer.user_id, legs(payer, (payee, "10.00"), (payee, "10.00")))
    assert linked.status_code == 201
    peers = await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "19.99")))
    assert peers.settled.status == "completed"
    # 99.99 was sent.
    assert (await submitted(bank, payer, (payee, "0.01")))["status"] == "pending_approval"
    again = await bank.post("/transfers/linked", payer.user_id, legs(payer, (payee, "0.01"), (payee, "0.01")))
    assert refusal(again) == (409, "PAY_041")
    peers = await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "0.01")))
    assert peers.settled.status == "pending_approval"
    assert (await bank.made(payer, payee, "0.01"))["status"] == "pending_approval"


async def test_money_that_has_left_the_window_no_longer_counts(bank: Bank, payer: Holder, payee: Holder) -> None:
    govern(bank, rule("100", window=DAY))
    assert (await bank.made(payer, payee, "99.99"))["status"] == "completed"
    file_id = (await submitted(bank, await bank.holder("100.00"), (payee, "60.00")))["id"]
    await bank.run_bulk(file_id)
    bank.wait(days=1, seconds=-1)
    assert (await bank.made(payer, payee, "0.01"))["status"] == "pending_approval"
    bank.wait(seconds=1)
    # The transfer that waits counts with 0.01; what was sent a day ago does not.
    assert await counted(bank, payer, payee) == Decimal("0.01")
    assert (await bank.made(payer, payee, "99.98"))["status"] == "completed"
    assert (await bank.made(payer, payee, "0.01"))["status"] == "pending_approval"


async def test_a_window_has_the_length_that_its_rule_sets(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.made(payer, payee, "30.00")
    bank.wait(seconds=2 * 3600)
    for hours, expected in ((1, "0"), (2, "0"), (3, "30"), (744, "30")):
        assert await counted(bank, payer, payee, window=timedelta(hours=hours)) == Decimal(expected), hours


async def test_only_what_was_made_counts(bank: Bank, payer: Holder, payee: Holder) -> None:
    settled = await bank.made(payer, payee, "1.00")
    captured, whole, voided, expired = [
        await bank.made(payer, payee, amount, capture="later") for amount in ("20.00", "4.00", "8.00", "16.00")
    ]
    bank.approve_above("32.00")
    approved, rejected, withdrawn, overdue = [
        await bank.made(payer, payee, amount) for amount in ("32.00", "64.00", "128.00", "256.00")
    ]
    everything = sum(Decimal(n) for n in ("1", "20", "4", "8", "16", "32", "64", "128", "256"))
    assert await counted(bank, payer, payee) == everything

    reason = {"reason": "not today"}
    await bank.post(f"/transfers/{captured['id']}/capture", payee.user_id, {"amount": "2.00"})
    await bank.post(f"/transfers/{whole['id']}/capture", payee.user_id, {})
    await bank.post(f"/transfers/{voided['id']}/void", payee.user_id, reason)
    await bank.staff("POST", f"/transfers/{approved['id']}/approve")
    await bank.staff("POST", f"/transfers/{rejected['id']}/reject", reason)
    await bank.post(f"/transfers/{withdrawn['id']}/void", payer.user_id, reason)
    month = timedelta(days=31)
    counts = Decimal(1) + 2 + 4 + 16 + 32 + 256
    assert await counted(bank, payer, payee, window=month) == counts
    bank.wait(days=8)
    assert await bank.expire() == 2
    counts -= 16 + 256
    assert await counted(bank, payer, payee, window=month) == counts
    assert (await bank.staff("POST", f"/transfers/{settled['id']}/reverse", reason)).status_code == 201
    assert await counted(bank, payer, payee, window=month) == counts - 1
    refund = {"amount": "2.00", "reason": "sent back"}
    assert (await bank.post(f"/transfers/{whole['id']}/refund", payee.user_id, refund)).status_code == 201
    # A refunded transfer still counts as sent; its refund is not sent by the payee.
    assert await counted(bank, payer, payee, window=month) == counts - 1
    assert await counted(bank, payee, payer, window=month) == NOTHING
    assert (expired["status"], overdue["status"]) == ("pending", "pending_approval")


async def test_a_repeated_request_counts_once(bank: Bank, payer: Holder, payee: Holder) -> None:
    govern(bank, rule("100", window=DAY))
    first, again = [await bank.made(payer, payee, "60.00", key="rent") for _ in range(2)]
    assert first == again
    assert await counted(bank, payer, payee) == 60
    assert (await bank.made(payer, payee, "39.99"))["status"] == "completed"
    # A repeated request gets its first response, whatever the window counts now.
    assert await bank.made(payer, payee, "60.00", key="rent") == first


async def test_a_refused_request_counts_nothing(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert refusal(await bank.pay(payer, payee, "9000.01")) == (409, "PAY_016")
    assert refusal(await bank.post("/transfers/linked", payer.user_id, legs(payer, (payee, "1.00"), (Holder(), "1.00")))) == (
        404,
        "RES_001",
    )
    assert await counted(bank, payer, payee) == NOTHING


async def test_a_payers_wallets_share_a_window(bank: Bank, payer: Holder, payee: Holder) -> None:
    opened = (await bank.post("/wallets", payer.user_id, {"currency": "NAD"})).json()["data"]
    second = Holder(payer.user_id, UUID(opened["id"]))
    issue = {"wallet_id": opened["id"], "amount": "500.00", "currency": "NAD", "reason": "test funds"}
    assert (await bank.post("/issuances", bank.staff_id, issue, roles=("admin",))).status_code == 201
    govern(bank, rule("100", window=DAY))
    assert (await bank.made(payer, payee, "99.99"))["status"] == "completed"
    assert (await bank.made(second, payee, "0.01"))["status"] == "pending_approval"
    assert (await submitted(bank, second, (payee, "0.01")))["status"] == "pending_approval"
    assert await counted(bank, second, payee) == Decimal("100.00")


async def test_other_payers_have_their_own_windows(bank: Bank, payer: Holder, payee: Holder) -> None:
    other = await bank.holder("100.00")
    govern(bank, rule("100", window=DAY))
    await bank.made(payer, payee, "99.99")
    await submitted(bank, payer, (payee, "99.99"))
    assert await counted(bank, other, payee) == NOTHING
    assert (await bank.made(other, payee, "99.99"))["status"] == "completed"


async def test_a_rule_counts_its_own_currency_and_kinds_and_payee_only(bank: Bank, payer: Holder, payee: Holder) -> None:
    seller, other = await bank.merchant(), await bank.holder()
    opened = (await bank.post("/wallets", payer.user_id, {"currency": "USD"})).json()["data"]
    dollars = Holder(payer.user_id, UUID(opened["id"]))
    issue = {"wallet_id": opened["id"], "amount": "500.00", "currency": "USD", "reason": "test funds"}
    assert (await bank.post("/issuances", bank.staff_id, issue, roles=("admin",))).status_code == 201
    await bank.made(dollars, await bank.holder(currency="USD"), "64.00", currency="USD")
    await bank.made(payer, payee, "1.00")
    await bank.made(payer, other, "2.00")
    await bank.made(payer, seller, "4.00", path="/payments", reference="INV-1")
    await submitted(bank, payer, (payee, "8.00"), (other, "16.00"), (seller, "32.00"))
    transfer, payment = frozenset({"transfer"}), frozenset({"payment"})
    assert await counted(bank, payer, payee) == 63
    assert await counted(bank, payer, payee, kinds=transfer) == 27
    assert await counted(bank, payer, seller, kinds=payment) == 36
    assert await counted(bank, payer, payee, kinds=transfer | payment) == 63
    for party in (payee.wallet_id, payee.user_id):
        assert await counted(bank, payer, payee, counterparty=party) == 9
    assert await counted(bank, payer, seller, counterparty=seller.user_id, kinds=payment) == 36


async def test_issuances_count_for_the_staff_who_order_them(bank: Bank) -> None:
    first, second = await bank.holder(), await bank.holder()
    govern(bank, rule("100", kinds=("issuance",), window=DAY))

    async def issue(to: Holder, amount: str, by: UUID) -> str:
        body = {"wallet_id": str(to.wallet_id), "amount": amount, "currency": "NAD", "reason": "salaries"}
        answer = await bank.post("/issuances", by, body, roles=("admin",))
        assert answer.status_code == 201, answer.text
        status: str = answer.json()["data"]["status"]
        return status

    staff, colleague = Holder().user_id, Holder().user_id
    assert [await issue(to, "99.99", staff) for to in (first, second, first)] == [
        "completed",
        "pending_approval",
        "pending_approval",
    ]
    assert await issue(second, "99.99", colleague) == "completed"
    assert ((await bank.wallet(first))[0], (await bank.wallet(second))[0]) == ("99.99", "99.99")
    bank.wait(days=1)
    assert await issue(first, "99.99", staff) == "completed"


async def test_a_dry_run_is_checked_against_the_window_and_counts_nothing(bank: Bank, payer: Holder, payee: Holder) -> None:
    govern(bank, rule("100", window=DAY))
    await bank.made(payer, payee, "99.99")
    more: dict[str, Any] = {"dry_run": True}
    async with unchanged(bank.database):
        answer = await bank.pay(payer, payee, "0.01", **more)
    assert answer.json()["data"]["needs"]["approval_rules"] == ["rule-0"], answer.text
    assert await counted(bank, payer, payee) == Decimal("99.99")


async def test_a_conversion_counts_in_the_currency_that_is_paid(bank: Bank, payer: Holder, payee: Holder) -> None:
    dollars = await bank.holder(currency="USD")
    bank.exchange("0.05")
    made = await bank.made(payer, dollars, "100.00", target_currency="USD")
    assert made["kind"] == "conversion"
    assert await counted(bank, payer, payee) == 100
    assert await counted(bank, payer, payee, kinds=frozenset({"transfer", "conversion"})) == 100
    assert await counted(bank, payer, payee, kinds=frozenset({"transfer"})) == NOTHING


async def test_a_quote_is_checked_against_the_window(bank: Bank, payer: Holder, payee: Holder) -> None:
    govern(bank, rule("100", window=DAY, counterparty=payee.user_id))

    async def needs_approval(amount: str) -> bool:
        body = {"amount": amount, "currency": "NAD", "target_wallet_id": str(payee.wallet_id)}
        needed: bool = (await bank.post("/fees/quote", payer.user_id, body)).json()["data"]["needs_approval"]
        return needed

    await bank.made(payer, payee, "60.00")
    assert (await needs_approval("39.99"), await needs_approval("40.00")) == (False, True)
    bank.wait(days=1)
    assert not await needs_approval("99.99")
