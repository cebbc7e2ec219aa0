"""Transfers over REST."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kernel.ids import new_id
from payments.domain.limits import LimitBook
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import GOOD_SIGNATURE, Bank, Holder, refusal
from services.payments.tests.unit.prices import limit


async def test_a_repeated_transfer_returns_the_first_response(bank: Bank) -> None:
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    first = await bank.pay(payer, payee, "250.00", key="rent-march")
    again = await bank.pay(payer, payee, "250.00", key="rent-march")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"] == again.json()["data"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    data = first.json()["data"]
    assert (data["amount"], data["currency"], data["kind"], data["status"]) == ("250.00", "NAD", "transfer", "completed")
    wallet = (await bank.get(f"/wallets/{payer.wallet_id}", payer.user_id)).json()["data"]
    assert wallet["balance"] == "750.00"


async def test_a_key_used_for_another_order_is_refused(bank: Bank) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    await bank.pay(payer, payee, "1.00", key="k")
    other = await bank.pay(payer, payee, "2.00", key="k")
    assert (other.status_code, other.json()["code"]) == (422, "VAL_002")


async def test_errors_have_their_codes(bank: Bank) -> None:
    payer, payee = await bank.holder("876.43"), await bank.holder()
    beyond = await bank.pay(payer, payee, "876.44")
    assert (beyond.status_code, beyond.json()["code"]) == (409, "PAY_001")
    assert beyond.json()["details"] == {"needed": "876.44", "available": "876.43", "currency": "NAD"}
    stranger = Holder(user_id=payee.user_id, wallet_id=payer.wallet_id)
    denied = await bank.pay(stranger, payee, "1.00")
    assert (denied.status_code, denied.json()["code"]) == (403, "ACC_001")
    unknown = await bank.pay(payer, Holder(), "1.00")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RES_001")
    bank.screening.blocked.add(payer.user_id)
    blocked = await bank.pay(payer, payee, "1.00")
    assert (blocked.status_code, blocked.json()["code"]) == (409, "PAY_007")
    assert "list" not in blocked.text
    bank.screening.away = True
    away = await bank.pay(payee, payer, "1.00")
    assert (away.status_code, away.json()["code"]) == (503, "SRV_002")
    assert int(away.headers["retry-after"]) > 0


@pytest.mark.clause("ASVS 8.4.1")
async def test_another_persons_wallet_and_transfer_are_absent(bank: Bank) -> None:
    payer, payee, stranger = await bank.holder("10.00"), await bank.holder(), await bank.holder()
    transfer = (await bank.pay(payer, payee, "1.00")).json()["data"]["id"]
    for path in (f"/wallets/{payer.wallet_id}", f"/wallets/{payer.wallet_id}/postings", f"/transfers/{transfer}"):
        assert (await bank.get(path, stranger.user_id)).status_code == 404
    for party in (payer, payee):
        assert (await bank.get(f"/transfers/{transfer}", party.user_id)).json()["data"]["id"] == transfer


async def test_history_is_paged_by_cursor_newest_first(bank: Bank) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    made = [(await bank.pay(payer, payee, f"{n}.00")).json()["data"]["id"] for n in range(1, 6)]
    seen: list[str] = []
    path = "/transfers?limit=2"
    while path:
        page = await bank.get(path, payee.user_id)
        data = page.json()["data"]
        seen += [item["id"] for item in data["items"]]
        cursor = data["next_cursor"]
        assert (cursor is not None) == ("next" in page.links)
        path = f"/transfers?limit=2&cursor={cursor}" if cursor else ""
    assert seen == made[::-1]
    postings = (await bank.get(f"/wallets/{payee.wallet_id}/postings", payee.user_id)).json()["data"]["items"]
    assert [(p["amount"], p["balance_after"]) for p in postings[:2]] == [("5.00", "15.00"), ("4.00", "10.00")]
    for bad in ("x", "-1", "9" * 30):
        assert (await bank.get(f"/transfers?cursor={bad}", payee.user_id)).status_code == 422


async def test_a_transfer_requires_a_key_and_a_token(bank: Bank) -> None:
    holder = await bank.holder()
    keyless = await bank.client.post("/api/v1/transfers", json={}, headers=bank.forge.headers(holder.user_id))
    assert keyless.status_code == 422
    assert keyless.json()["errors"][0]["field"] == "Idempotency-Key"
    tokenless = await bank.client.post("/api/v1/transfers", json={}, headers={"Idempotency-Key": "k"})
    assert (tokenless.status_code, tokenless.json()["code"]) == (401, "AUTH_004")


REASON = {"reason": "asked for by the payer"}


async def test_strangers_find_no_transfer_and_staff_neither_capture_nor_refund(bank: Bank, payer: Holder, payee: Holder) -> None:
    held, stranger = await bank.made(payer, payee, "300.00", capture="later"), await bank.holder()
    path = f"/transfers/{held['id']}"
    acts: dict[str, dict[str, str]] = {"capture": {}, "void": REASON, "refund": REASON}
    for act, body in acts.items():
        assert refusal(await bank.post(f"{path}/{act}", stranger.user_id, body)) == (404, "RES_001"), act
        if act != "void":
            assert refusal(await bank.post(f"{path}/{act}", bank.staff_id, body, roles=("admin",))) == (404, "RES_001"), act
        assert refusal(await bank.post(f"/transfers/{new_id()}/{act}", payee.user_id, body)) == (404, "RES_001"), act
    assert refusal(await bank.get(path, stranger.user_id)) == (404, "RES_001")
    assert (await bank.staff("GET", path)).json()["data"]["id"] == held["id"]


async def test_a_conversion_pays_the_rate_and_shows_its_spread_separately(bank: Bank, payer: Holder) -> None:
    bank.exchange("0.05", "2")
    dollars = await bank.holder(currency="USD")
    sent = await bank.made(payer, dollars, "100.00", target_currency="USD", key="fx")
    assert (sent["kind"], sent["target_amount"], sent["target_currency"], sent["rate"]) == ("conversion", "4.90", "USD", "0.049")
    assert (await bank.wallet(payer))[0] == "900.00"
    assert (await bank.wallet(dollars))[0] == "4.90"
    lines = (await bank.staff("GET", "/ledger/trial-balance")).json()["data"]["items"]
    assert {line["total"] for line in lines} == {"0.00", "0.00000000"}
    books = (await bank.staff("GET", "/accounts?kind=system&currency=USD")).json()["data"]["items"]
    assert {a["code"]: a["balance"] for a in books if Decimal(a["balance"])} == {"fx": "-5.00", "fx_spread": "0.10"}
    replay = await bank.pay(payer, dollars, "100.00", target_currency="USD", key="fx")
    assert replay.json()["data"] == sent
    undone = await bank.staff("POST", f"/transfers/{sent['id']}/reverse", REASON)
    assert undone.status_code == 201, undone.text
    assert ((await bank.wallet(payer))[0], (await bank.wallet(dollars))[0]) == ("1000.00", "0.00")


async def test_a_conversion_without_a_rate_or_on_hold_is_refused(bank: Bank, payer: Holder) -> None:
    dollars = await bank.holder(currency="USD")
    assert refusal(await bank.pay(payer, dollars, "1.00", target_currency="USD")) == (409, "PAY_031")
    bank.exchange("0.05")
    assert (await bank.pay(payer, dollars, "1.00", target_currency="USD", capture="later")).status_code == 422
    assert (await bank.pay(payer, dollars, "1.00", target_currency="NAD")).status_code == 422
    converted = await bank.made(payer, dollars, "100.00", target_currency="USD")
    refund = await bank.post(f"/transfers/{converted['id']}/refund", dollars.user_id, REASON)
    assert refusal(refund) == (409, "PAY_013")


async def test_limits_count_only_what_was_moved(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = LimitBook([limit(single_max="400", day_max="500", month_max="700")])
    single = await bank.pay(payer, payee, "400.01")
    assert refusal(single) == (409, "PAY_030")
    held = await bank.made(payer, payee, "400.00", capture="later")
    assert refusal(await bank.pay(payer, payee, "100.01")) == (409, "PAY_030")
    await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)
    held = await bank.made(payer, payee, "400.00", capture="later")
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    assert (await bank.made(payer, payee, "400.00"))["status"] == "completed"
    assert refusal(await bank.pay(payer, payee, "0.01")) == (409, "PAY_030")
    bank.wait(days=1)
    assert refusal(await bank.pay(payer, payee, "200.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "200.00"))["status"] == "completed"


@pytest.mark.parametrize("undo", ["void", "expire", "reject", "reverse"])
async def test_an_undone_transfer_is_returned_to_the_limit_of_the_day_that_counted_it(
    bank: Bank, payer: Holder, payee: Holder, undo: str
) -> None:
    bank.prices.limit_book = LimitBook([limit(day_max="500")])
    bank.prices.rules = approval_from("400" if undo == "reject" else "1000")
    capture = "later" if undo in {"void", "expire"} else "now"
    today, tomorrow = await bank.made(payer, payee, "400.00", capture=capture), timedelta(days=1).total_seconds()
    path = f"/transfers/{today['id']}"

    async def undone() -> None:
        if undo == "expire":
            assert await bank.expire() == 1
        elif undo == "void":
            assert (await bank.post(f"{path}/void", payee.user_id, REASON)).status_code == 200
        else:
            assert (await bank.staff("POST", f"{path}/{undo}", REASON)).status_code in {200, 201}

    assert refusal(await bank.pay(payer, payee, "100.01")) == (409, "PAY_030")
    if undo == "expire":
        bank.wait(days=7)
    else:
        await undone()
        today = await bank.made(payer, payee, "400.00", capture=capture)
        path = f"/transfers/{today['id']}"
        bank.wait(seconds=tomorrow)
    assert (await bank.made(payer, payee, "300.00"))["status"] == "completed"
    await undone()
    assert refusal(await bank.pay(payer, payee, "200.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "200.00"))["status"] == "completed"


async def test_a_payers_tier_limits_what_may_be_moved(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.limit_book = LimitBook([limit(day_max="500"), limit(tier="business", day_max="600")])
    body = {"tier": "business", "currency": "NAD", "day_max": "600", "reason": "resolution 12"}
    assert (await bank.post("/limits", bank.staff_id, body, roles=("admin",))).status_code == 201
    assert refusal(await bank.pay(payer, payee, "500.01")) == (409, "PAY_030")
    path, why = f"/limits/tiers/{payer.user_id}", {"tier": "business", "reason": "registered"}
    assert (await bank.send("PUT", path, bank.staff_id, why, roles=("admin",))).status_code == 200
    held = await bank.made(payer, payee, "600.00", capture="later")
    assert (await bank.post(f"/transfers/{held['id']}/void", payee.user_id, REASON)).status_code == 200
    assert refusal(await bank.pay(payer, payee, "600.01")) == (409, "PAY_030")
    assert (await bank.made(payer, payee, "600.00"))["status"] == "completed"
    # The payee is still in the standard tier.
    assert refusal(await bank.pay(payee, payer, "500.01")) == (409, "PAY_030")


async def test_a_large_transfer_without_a_signature_is_refused(bank: Bank, payee: Holder) -> None:
    rich = await bank.holder("20000.00")
    assert (await bank.pay(rich, payee, "5000.00")).status_code == 201
    assert refusal(await bank.pay(rich, payee, "5000.01")) == (409, "PAY_016")
    key_id = str(new_id())
    forged = {"key_id": key_id, "algorithm": "Ed25519", "value": "f" * 86}
    assert refusal(await bank.pay(rich, payee, "5000.01", signature=forged)) == (422, "PAY_017")
    good = {**forged, "value": GOOD_SIGNATURE}
    signed = await bank.made(rich, payee, "5000.01", signature=good)
    assert signed["signature"] == good
    assert (await bank.get(f"/transfers/{signed['id']}", payee.user_id)).json()["data"]["signature"] == good


@pytest.mark.parametrize("description", ["a\x00b", "'; DROP TABLE postings; --", "=HYPERLINK()", "\u202etxet"])
async def test_hostile_text_is_refused_or_stored_unchanged(bank: Bank, payer: Holder, payee: Holder, description: str) -> None:
    response = await bank.pay(payer, payee, "1.00", description=description)
    assert response.status_code in {201, 400, 422}
    if response.status_code == 201:
        assert response.json()["data"]["description"] == description
