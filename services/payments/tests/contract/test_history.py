"""History: filters, cursors to the end, and exports."""

import itertools
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from kernel.ids import new_id
from payments.infrastructure.sql import transfer_history
from payments.settings import PaymentsSettings
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.exports import export


async def pages(bank: Bank, holder: Holder, query: str, *, path: str = "/transfers") -> list[list[dict[str, Any]]]:
    """Follow the cursor to the end."""
    found: list[list[dict[str, Any]]] = []
    cursor = ""
    for _ in range(100):
        answer = await bank.get(f"{path}?{query}{cursor}", holder.user_id)
        assert answer.status_code == 200, answer.text
        page = answer.json()["data"]
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the cursor never ends")


async def ids(bank: Bank, holder: Holder, query: str, *, path: str = "/transfers") -> list[str]:
    return [item["id"] for page in await pages(bank, holder, query, path=path) for item in page]


async def test_each_filter_returns_only_what_matches(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    # The bank's clock is a test's, but its ids are from now.
    monkeypatch.setattr(transfer_history, "_SLACK", timedelta(days=10_000))
    payer, payee, other = await bank.holder("1000.00"), await bank.holder(), await bank.holder()
    shop = await bank.merchant()
    one = (await bank.made(payer, payee, "10.00", description="Rent 100%"))["id"]
    bank.wait(seconds=3600)
    two = (await bank.made(payer, other, "20.00", description="rent_in_April"))["id"]
    three = (await bank.made(payer, shop, "30.00", path="/payments", reference="INV-7"))["id"]
    held = (await bank.made(payer, payee, "40.00", capture="later"))["id"]
    await bank.made(payee, other, "1.00")
    expected = {
        "kind=transfer": [held, two, one],
        "kind=payment": [three],
        "status=pending": [held],
        "status=failed": [],
        f"counterparty_id={payee.wallet_id}": [held, one],
        f"wallet_id={payer.wallet_id}&counterparty_id={other.wallet_id}": [two],
        f"wallet_id={payee.wallet_id}": [],
        "amount_min=20&amount_max=30.00&kind=transfer": [two],
        "amount_min=40.01&kind=transfer": [],
        "amount_min=40&amount_max=40": [held],
        "amount_max=20&kind=transfer": [two, one],
        "amount_max=19.99&kind=transfer": [one],
        "until=2026-03-21T09:00:00Z&kind=transfer": [one],
        "since=2026-03-21T09:00:00Z": [held, three, two],
        "currency=USD": [],
        "text=rent": [two, one],
        "text=inv-7": [three],
        f"text={quote('0%')}": [one],
        f"text={quote('t_in')}": [two],
        f"text={quote('t%A')}": [],
    }
    for query, wanted in expected.items():
        assert await ids(bank, payer, query) == wanted, query


@pytest.mark.parametrize(
    "query",
    [
        "text=a",
        "text=%00%00",
        "status=gone",
        "kind=gift",
        "amount_min=x",
        "since=yesterday",
        "limit=0",
        "limit=1000",
        "currency=nad",
        "reference=",
        f"reference={65 * 'x'}",
        "settled_since=yesterday",
    ],
)
async def test_filters_that_make_no_sense_are_refused(bank: Bank, query: str) -> None:
    holder = await bank.holder()
    assert (await bank.get(f"/transfers?{query}", holder.user_id)).status_code in {400, 422}


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ("until=9999-12-31T23:59:59Z", 200),
        ("since=0001-01-01T00:00:00Z", 200),
        ("until=9999-12-31T23:59:59-01:00", 422),
        ("since=0001-01-01T00:00:00%2B14:00", 422),
        ("settled_until=9999-12-31T23:59:59Z", 200),
        ("settled_since=0001-01-01T00:00:00Z", 200),
    ],
)
@pytest.mark.parametrize("path", ["/transfers", "/transfers/export", "/payments"])
async def test_the_first_and_the_last_day_of_all_are_valid_times(bank: Bank, path: str, period: str, status: int) -> None:
    payer = await bank.holder("1.00")
    assert (await bank.get(f"{path}?{period}", payer.user_id)).status_code == status


async def test_a_hold_is_found_by_the_time_of_its_capture(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    # The bank's clock is a test's, but its ids are from now.
    monkeypatch.setattr(transfer_history, "_SLACK", timedelta(days=10_000))
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    held = (await bank.made(payer, payee, "80.00", capture="later"))["id"]
    open_hold = (await bank.made(payer, payee, "10.00", capture="later"))["id"]
    day_before = (await bank.made(payer, payee, "5.00"))["id"]
    bank.wait(days=2)
    await bank.post(f"/transfers/{held}/capture", payee.user_id, {"amount": "65.00"})
    same_day = (await bank.made(payer, payee, "6.00"))["id"]
    at, later = "2026-03-23T08:00:00Z", "2026-03-23T08:00:01Z"

    for path in ("/transfers", "/payments"):
        for query, wanted in {
            f"settled_since={at}&settled_until={later}": [same_day, held],
            f"settled_since={at}": [same_day, held],
            f"settled_until={at}&wallet_id={payee.wallet_id}": [day_before],
            f"settled_since={later}": [],
            f"since={at}": [same_day],
        }.items():
            mine = await ids(bank, payee, query, path=path)
            assert mine == (wanted if path == "/transfers" else []), (path, query)
    assert open_hold in await ids(bank, payee, "status=pending")
    exported = await export(bank, payee, f"settled_since={at}&settled_until={later}")
    assert [(row["id"], row["amount"], row["moved"]) for row in exported] == [
        (same_day, "6.00", "6.00"),
        (held, "80.00", "65.00"),
    ]


async def test_a_reference_must_match_as_a_whole(bank: Bank) -> None:
    payer, payee, other = await bank.holder("1000.00"), await bank.merchant(), await bank.holder("50.00")
    seven, seventy = [
        (await bank.made(payer, payee, "1.00", path="/payments", reference=reference))["id"] for reference in ("INV-7", "INV-70")
    ]
    await bank.made(payer, payee, "1.00", description="INV-7")
    of_another = (await bank.made(other, payer, "1.00", path="/payments", reference="INV-7"))["id"]
    back = (await bank.post(f"/transfers/{seven}/refund", payee.user_id, {"reason": "returned goods"})).json()["data"]["id"]

    assert await ids(bank, payer, "reference=INV-7") == [back, of_another, seven]
    assert await ids(bank, payee, "reference=INV-7&limit=1") == [back, seven]
    assert await ids(bank, payee, "reference=INV-7&kind=payment") == [seven]
    assert await ids(bank, payee, "reference=INV-7", path="/payments") == [seven]
    assert await ids(bank, payee, "reference=INV-70", path="/payments") == [seventy]
    assert await ids(bank, payee, "reference=inv-7") == []
    assert [row["id"] for row in await export(bank, payee, "reference=INV-7")] == [back, seven]


def in_small_steps(monkeypatch: pytest.MonkeyPatch, *, few: int = 8, most: int = 10_000) -> None:
    """Make the history search start with steps of few transfers, which then grow."""
    monkeypatch.setattr(transfer_history, "_STEP_MIN", 2)
    monkeypatch.setattr(transfer_history, "_STEP_MAX", 16)
    monkeypatch.setattr(transfer_history, "LOOKED_AT_FEW", few)
    monkeypatch.setattr(transfer_history, "LOOKED_AT_MAX", most)


async def test_no_page_is_empty_while_more_follow(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    words = ["rare", *5 * [""], "rare", *20 * [""], "rare", "rare", "rare", *10 * [""]]
    made = [(await bank.made(payer, payee, "1.00", description=word))["id"] for word in words]
    rare = [one for one, word in zip(made, words, strict=True) if word][::-1]

    for few, limit in itertools.product((1, 8, 10_000), (1, 2, 100)):
        in_small_steps(monkeypatch, few=few)
        for wanted, query in ((rare, "text=rare"), (made[::-1], "kind=transfer"), ([], "status=failed")):
            found = await pages(bank, payer, f"{query}&limit={limit}")
            assert [item["id"] for page in found for item in page] == wanted, (few, limit, query)
            assert all(found[:-1]), (few, limit, query)
    assert [row["id"] for row in await export(bank, payee, "text=rare")] == rare


async def test_a_page_continues_until_it_is_full(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_steps(monkeypatch, few=10_000)
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    for word in 10 * ["rare", "", ""]:
        await bank.made(payer, payee, "1.00", description=word)

    assert [len(items) for items in await pages(bank, payer, "text=rare&limit=4")] == [4, 4, 2]


async def test_a_search_without_results_ends_and_asks_for_a_period(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_steps(monkeypatch, most=8)
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    rare = (await bank.made(payer, payee, "1.00", description="rare"))["id"]
    for _ in range(20):
        await bank.made(payer, payee, "1.00")

    refused = await bank.get("/transfers?text=rare&limit=1", payer.user_id)

    assert refusal(refused) == (422, "VAL_001")
    assert [fault["field"] for fault in refused.json()["errors"]] == ["since"]
    # An export has no time limit.
    assert [row["id"] for row in await export(bank, payee, "text=rare")] == [rare]


async def test_a_cursor_is_valid_only_with_its_own_filters(bank: Bank) -> None:
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    for word in 3 * ["needle", "hay"]:
        await bank.made(payer, payee, "1.00", description=word)
    first = (await bank.get("/transfers?text=needle&limit=1", payer.user_id)).json()["data"]
    cursor = first["next_cursor"]

    for query in ("", "text=hay&", "text=needle&kind=transfer&"):
        refused = await bank.get(f"/transfers?{query}cursor={cursor}", payer.user_id)
        assert refusal(refused) == (422, "VAL_001"), query
        assert [fault["field"] for fault in refused.json()["errors"]] == ["cursor"]
    rest = (await bank.get(f"/transfers?text=needle&limit=5&cursor={cursor}", payer.user_id)).json()["data"]
    assert [item["description"] for item in rest["items"]] == ["needle", "needle"]


async def test_transfers_of_one_moment_are_paged_without_gap_or_repeat(bank: Bank) -> None:
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    made = [(await bank.made(payer, payee, "1.00"))["id"] for _ in range(9)]
    at = bank.clock.now().isoformat().replace("+", "%2B")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await bank.get(f"/transfers?settled_since={at}&kind=transfer&limit=2{cursor}", payer.user_id)).json()["data"]
        seen += [item["id"] for item in page["items"]]
        await bank.made(payer, payee, "2.00")
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]


async def test_owners_of_both_ends_see_a_transfer_once(bank: Bank) -> None:
    holder = await bank.holder("10.00")
    second = Holder(holder.user_id)
    opened = await bank.post("/wallets", holder.user_id, {"currency": "NAD"})
    second.wallet_id = opened.json()["data"]["id"]
    moved = await bank.made(holder, second, "3.00")
    assert (await ids(bank, holder, "kind=transfer")) == [moved["id"]]


async def test_what_awaits_a_decision_is_paged_to_the_end(bank: Bank) -> None:
    stranger = await bank.holder()
    assert (await bank.get("/transfers?cursor=nothing", stranger.user_id)).status_code == 422
    assert refusal(await bank.get(f"/transfers/{new_id()}", stranger.user_id)) == (404, "RES_001")
    listed = (await bank.staff("GET", "/transfers/awaiting-approval?limit=1")).json()["data"]
    assert (listed["items"], listed["next_cursor"]) == ([], None)


async def test_every_list_by_cursor_is_complete_in_pages_of_any_size(bank: Bank) -> None:
    """Newest first, each item once, and no page after the last."""
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    schedule = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    plans = [(await bank.post("/transfers/schedules", payer.user_id, schedule)).json()["data"]["id"] for _ in range(3)]
    bank.wait(days=2, seconds=3600)
    assert await bank.run_schedules() == 9
    line = {"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": [line]}
    bulks = [(await bank.post("/transfers/bulk", payer.user_id, file)).json()["data"]["id"] for _ in range(3)]
    bank.prices.rules = approval_from("100")
    waiting = [(await bank.made(payer, payee, "100.00"))["id"] for _ in range(3)]

    for path, name, expected in (
        ("/transfers/awaiting-approval", "id", waiting[::-1]),
        ("/transfers/schedules", "id", plans[::-1]),
        (f"/transfers/schedules/{plans[0]}/runs", "number", [2, 1, 0]),
        ("/transfers/bulk", "id", bulks[::-1]),
    ):
        for limit in (1, 2, 3, 4):
            found: list[object] = []
            cursor, pages = "", 0
            while pages < 9:
                page = (await bank.get(f"{path}?limit={limit}{cursor}", payer.user_id, roles=("user", "staff"))).json()["data"]
                found += [item[name] for item in page["items"]]
                pages += 1
                if page["next_cursor"] is None:
                    break
                cursor = f"&cursor={page['next_cursor']}"
            assert (found, pages) == (expected, -(-3 // limit)), (path, limit)


def test_a_transfer_settles_within_the_period_that_history_searches() -> None:
    longest = PaymentsSettings(hold_days=31, approval_hours=720).terms
    assert longest.hold_life + longest.approval_life == transfer_history.SETTLED_WITHIN
    with pytest.raises(ValidationError):
        PaymentsSettings(hold_days=32)
    with pytest.raises(ValidationError):
        PaymentsSettings(approval_hours=721)
