"""History: filters, cursors to the end, exports."""

import importlib
import io
from datetime import timedelta
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from kernel.ids import new_id
from payments.infrastructure.queries import history
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal


async def ids(bank: Bank, holder: Holder, query: str) -> list[str]:
    """Follow the cursor to the end; pages may be short."""
    found: list[str] = []
    cursor = ""
    for _ in range(100):
        page = (await bank.get(f"/transfers?{query}{cursor}", holder.user_id)).json()["data"]
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the cursor has no end")


async def test_each_filter_lets_through_what_it_says(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    # The bank's clock is a test's, its ids are of now.
    monkeypatch.setattr(history, "_SLACK", timedelta(days=10_000))
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
    ],
)
async def test_filters_that_say_nothing_are_refused(bank: Bank, query: str) -> None:
    holder = await bank.holder()
    assert (await bank.get(f"/transfers?{query}", holder.user_id)).status_code in {400, 422}


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ("until=9999-12-31T23:59:59Z", 200),
        ("since=0001-01-01T00:00:00Z", 200),
        ("until=9999-12-31T23:59:59-01:00", 422),
        ("since=0001-01-01T00:00:00%2B14:00", 422),
    ],
)
@pytest.mark.parametrize("path", ["/transfers", "/transfers/export", "/payments"])
async def test_the_first_and_the_last_day_of_all_are_times(bank: Bank, path: str, period: str, status: int) -> None:
    payer = await bank.holder("1.00")
    assert (await bank.get(f"{path}?{period}", payer.user_id)).status_code == status


async def test_a_rare_word_is_found_through_short_pages(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCANNED_MAX", 4)
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    rare = (await bank.made(payer, payee, "1.00", description="rare"))["id"]
    for _ in range(11):
        await bank.made(payer, payee, "1.00")
    page = (await bank.get("/transfers?text=rare&limit=2", payer.user_id)).json()["data"]
    assert page["items"] == []
    assert page["next_cursor"] is not None
    assert await ids(bank, payer, "text=rare&limit=2") == [rare]
    assert len(await ids(bank, payer, "kind=transfer&limit=3")) == 12
    assert len(await ids(bank, payer, "limit=5")) == 13


async def test_owners_of_both_ends_see_a_transfer_once(bank: Bank) -> None:
    holder = await bank.holder("10.00")
    second = Holder(holder.user_id)
    opened = await bank.post("/wallets", holder.user_id, {"currency": "NAD"})
    second.wallet_id = opened.json()["data"]["id"]
    moved = await bank.made(holder, second, "3.00")
    assert (await ids(bank, holder, "kind=transfer")) == [moved["id"]]


@pytest.mark.parametrize("query", ["", "?kind=transfer", "?kind=payment"])
async def test_payments_are_listed_as_payments_whatever_kind_is_asked_for(bank: Bank, query: str) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    shop = await bank.merchant()
    await bank.made(payer, payee, "1.00")
    paid = await bank.made(payer, shop, "2.00", path="/payments", reference="INV-7")
    await bank.made(payer, payee, "3.00")

    for holder in (payer, shop):
        listed = (await bank.get(f"/payments{query}", holder.user_id)).json()["data"]
        assert ([item["id"] for item in listed["items"]], listed["next_cursor"]) == ([paid["id"]], None)


async def test_what_waits_is_paged_to_the_end(bank: Bank) -> None:
    stranger = await bank.holder()
    assert (await bank.get("/transfers?cursor=nothing", stranger.user_id)).status_code == 422
    assert refusal(await bank.get(f"/transfers/{new_id()}", stranger.user_id)) == (404, "RES_001")
    listed = (await bank.staff("GET", "/transfers/awaiting-approval?limit=1")).json()["data"]
    assert (listed["items"], listed["next_cursor"]) == ([], None)


async def test_every_list_by_cursor_is_whole_in_pages_of_any_size(bank: Bank) -> None:
    """Newest first, each once, and no further page after the last."""
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


async def test_exports_hold_all_and_only_what_is_the_callers(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("payments.interfaces.rest.statements"), "_ROWS_A_READ", 2)
    payer, payee, stranger = await bank.holder("1000.00"), await bank.holder(), await bank.holder()
    made = [(await bank.made(payer, payee, f"{n}.00", description="=1+1"))["id"] for n in range(1, 6)]
    text = await bank.get("/transfers/export?kind=transfer", payer.user_id)
    lines = text.text.splitlines()
    assert text.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in lines[1:]] == made[::-1]
    assert all("'=1+1" in line for line in lines[1:])
    parquet = await bank.get("/transfers/export?kind=transfer&format=parquet", payer.user_id)
    table = pq.read_table(io.BytesIO(parquet.content))
    assert [str(one) for one in table.column("id").to_pylist()] == made[::-1]
    assert (await bank.get("/transfers/export", stranger.user_id)).text.splitlines()[1:] == []
    empty = await bank.get("/transfers/export?format=parquet", stranger.user_id)
    assert pq.read_table(io.BytesIO(empty.content)).num_rows == 0
