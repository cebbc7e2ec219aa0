"""Statements and exports over REST."""

import importlib
import io

import httpx
import openpyxl
import pyarrow.parquet as pq
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.exports import export


def sheet_of(answer: httpx.Response) -> Worksheet:
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert isinstance(sheet, Worksheet)
    return sheet


async def test_exports_contain_all_of_the_callers_data_and_no_other(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
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
    xlsx = await bank.get("/transfers/export?kind=transfer&format=xlsx", payer.user_id)
    assert xlsx.headers["content-disposition"] == 'attachment; filename="transfers.xlsx"'
    ids, *_ = sheet_of(xlsx).iter_cols(values_only=True)
    assert list(ids) == ["id", *made[::-1]]
    assert (await bank.get("/transfers/export", stranger.user_id)).text.splitlines()[1:] == []
    empty = await bank.get("/transfers/export?format=parquet", stranger.user_id)
    assert pq.read_table(io.BytesIO(empty.content)).num_rows == 0


async def test_an_export_lists_what_moved_on_each_wallet_of_its_owner(bank: Bank) -> None:
    bank.price(fee="1.00")
    payer, payee = await bank.holder("1000.00"), await bank.holder()
    second = Holder(payer.user_id)
    opened = await bank.post("/wallets", payer.user_id, {"currency": "NAD"})
    second.wallet_id = opened.json()["data"]["id"]
    held = (await bank.made(payer, payee, "800.00", capture="later"))["id"]
    await bank.post(f"/transfers/{held}/capture", payee.user_id, {"amount": "650.00"})
    waiting = (await bank.made(payer, payee, "10.00", capture="later"))["id"]
    between = (await bank.made(payer, second, "20.00"))["id"]
    back = (await bank.post(f"/transfers/{held}/refund", payee.user_id, {"amount": "50.00", "reason": "late"})).json()["data"]
    fee = "0.81"  # of the 1.00 for 800.00, what 650.00 bear

    def amounts_of(row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row[name] for name in ("id", "direction", "moved", "fee", "amount", "captured_amount", "refunded_amount"))

    of_payee = [amounts_of(row) for row in await export(bank, payee)]
    assert of_payee == [
        (back["id"], "out", "-50.00", "0.00", "50.00", "", "0.00"),
        (waiting, "in", "0.00", "0.00", "10.00", "", "0.00"),
        (held, "in", "650.00", "0.00", "800.00", "650.00", "50.00"),
    ]
    of_first = [amounts_of(row) for row in await export(bank, payer, f"wallet_id={payer.wallet_id}&kind=transfer")]
    assert of_first == [
        (between, "out", "-21.00", "1.00", "20.00", "", "0.00"),
        (waiting, "out", "0.00", "0.00", "10.00", "", "0.00"),
        (held, "out", f"-650.{fee[2:]}", fee, "800.00", "650.00", "50.00"),
    ]
    both = [row for row in await export(bank, payer) if row["id"] == between]
    assert {(row["wallet_id"], row["direction"], row["moved"]) for row in both} == {
        (str(payer.wallet_id), "internal", "-21.00"),
        (str(second.wallet_id), "internal", "20.00"),
    }
    assert back["parent_id"] == held
    assert (await bank.wallet(payee))[0] == "600.00"


async def test_a_statement_is_json_csv_xlsx_parquet_or_pdf(bank: Bank) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    bank.wait(days=1)
    await bank.made(payer, payee, "40.00", description="=rent, March")
    await bank.made(payer, payee, "10.00")
    bank.wait(days=1)
    path = f"/wallets/{payer.wallet_id}/statement?since=2026-03-22T00:00:00Z&until=2026-03-23T00:00:00Z"
    data = (await bank.get(path, payer.user_id)).json()["data"]
    said = [data[name] for name in ("opening_balance", "paid_in", "paid_out", "closing_balance")]
    assert said == ["100.00", "0.00", "50.00", "50.00"]
    assert [(line["amount"], line["balance_after"]) for line in data["lines"]] == [("-40.00", "60.00"), ("-10.00", "50.00")]
    text = await bank.get(f"{path}&format=csv", payer.user_id)
    assert text.headers["content-type"].startswith("text/csv")
    assert "attachment" in text.headers["content-disposition"]
    # A spreadsheet must not run a description as a formula.
    assert "'=rent, March" in text.text
    balances = list(sheet_of(await bank.get(f"{path}&format=xlsx", payer.user_id)).columns)[8]
    assert [cell.value for cell in balances] == ["balance", 100, 60, 50, 50]
    parquet = pq.read_table(io.BytesIO((await bank.get(f"{path}&format=parquet", payer.user_id)).content))
    assert parquet.column("balance").to_pylist() == [100, 60, 50, 50]
    document = await bank.get(f"{path}&format=pdf", payer.user_id)
    assert (document.headers["content-type"], document.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await bank.get(f"{path}&format=xls", payer.user_id)).status_code == 422


@pytest.mark.parametrize(
    "period",
    [
        "since=2026-03-23T00:00:00Z&until=2026-03-22T00:00:00Z",
        "since=2027-03-23T00:00:00Z&until=2027-03-24T00:00:00Z",
        "since=2026-03-22T00:00:00&until=2026-03-23T00:00:00Z",
        "since=2026-03-22T00:00:00Z",
        "since=0001-01-01T00:00:00Z&until=0001-01-01T00:00:00Z",
        "since=0001-01-01T00:00:00%2B01:00&until=2026-03-22T00:00:00Z",
        "since=2026-03-22T00:00:00Z&until=9999-12-31T23:59:59-01:00&format=csv",
    ],
)
async def test_an_invalid_period_has_no_statement(bank: Bank, period: str) -> None:
    holder = await bank.holder()
    assert (await bank.get(f"/wallets/{holder.wallet_id}/statement?{period}", holder.user_id)).status_code == 422


async def test_a_statement_of_all_time_is_returned(bank: Bank) -> None:
    holder = await bank.holder("5.00")
    bank.wait(seconds=1)
    path = f"/wallets/{holder.wallet_id}/statement?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z"
    data = (await bank.get(path, holder.user_id)).json()["data"]
    assert (data["opening_balance"], data["closing_balance"]) == ("0.00", "5.00")


async def test_the_number_of_lines_of_a_statement_is_limited(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.application.statements.get_statement.LINES_MAX", 2)
    payer, payee = await bank.holder("10.00"), await bank.holder()
    path = f"/wallets/{payer.wallet_id}/statement?since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"
    await bank.made(payer, payee, "1.00")
    assert len((await bank.get(path, payer.user_id)).json()["data"]["lines"]) == 2
    await bank.made(payer, payee, "1.00")
    assert refusal(await bank.get(path, payer.user_id)) == (422, "VAL_001")
