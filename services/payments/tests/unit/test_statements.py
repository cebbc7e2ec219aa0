import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.files import TableFormat, written
from chassis.files.typeset import DocumentTooLong
from payments.domain.errors import LedgerBroken
from payments.domain.statement import Statement, StatementLine
from payments.interfaces.documents import statement_pdf as statement_pdf_module
from payments.interfaces.documents.statement_pdf import statement_pdf
from payments.interfaces.documents.statement_table import statement_table

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
WALLET = UUID(int=1)


def statement(*amounts: str, opening: str = "100.00", description: str = "rent", currency: str = "NAD") -> Statement:
    balance, lines = Decimal(opening), []
    for number, amount in enumerate(amounts, start=1):
        balance += Decimal(amount)
        moment = MARCH + timedelta(hours=number)
        lines.append(
            StatementLine(
                number, moment, UUID(int=number), "transfer", UUID(int=2), f"INV-{number}", description, Decimal(amount), balance
            )
        )
    return Statement(account_id=WALLET, currency=currency, since=MARCH, until=APRIL, opening=Decimal(opening), lines=lines)


async def document(made: Statement, format_: TableFormat) -> bytes:
    return b"".join([chunk async for chunk in written(statement_table(made), format_)])


async def rows(made: Statement) -> list[list[str]]:
    return list(csv.reader(io.StringIO((await document(made, "csv")).decode(), newline="")))


def test_a_statement_leads_from_the_opening_to_the_closing_balance() -> None:
    made = statement("50.00", "-30.00", "-0.01")

    assert (made.opening, made.paid_in, made.paid_out, made.closing) == (
        Decimal("100.00"),
        Decimal("50.00"),
        Decimal("30.01"),
        Decimal("119.99"),
    )


async def test_a_statement_without_movements_closes_as_it_opened() -> None:
    made = statement()

    assert made.closing == made.opening
    assert (await rows(made))[1:] == [
        ["2026-03-01T00:00:00.000000Z", "", "opening", "", "", "", "", "NAD", "100.00"],
        ["2026-04-01T00:00:00.000000Z", "", "closing", "", "", "", "", "NAD", "100.00"],
    ]


@pytest.mark.parametrize("words", ["=1+1", "+264811234567", "-2", "@SUM(A1)", "\tx", "\rx", "＝1"])  # noqa: RUF001  # a full-width sign
async def test_no_text_of_a_statement_is_a_formula(words: str) -> None:
    made = statement("50.00", description=words)
    line = replace(made.lines[0], reference=words)
    assert (await rows(replace(made, lines=[line])))[2][4:6] == [f"'{words}", f"'{words}"]


def test_the_page_of_a_statement_contains_its_lines() -> None:
    assert statement_pdf_module._data(statement("50", "-30.5"), APRIL) == {
        "account_id": str(WALLET),
        "currency": "NAD",
        "since": "2026-03-01 00:00",
        "until": "2026-04-01 00:00",
        "made_at": "2026-04-01T00:00:00.000000Z",
        "opening": "100.00",
        "paid_in": "50.00",
        "paid_out": "30.50",
        "closing": "119.50",
        "lines": [
            {
                "posted_at": f"2026-03-01 0{number}:00",
                "kind": "transfer",
                "description": "rent",
                "reference": f"INV-{number}",
                "transfer_id": str(UUID(int=number)),
                "amount": amount,
                "balance": balance,
            }
            for number, amount, balance in ((1, "50.00", "150.00"), (2, "-30.50", "119.50"))
        ],
    }


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_lines_that_do_not_add_up_mean_a_broken_ledger(wrong: int) -> None:
    lines = list(statement("50.00", "-30.00", "7.00").lines)
    bad = lines[wrong]
    lines[wrong] = StatementLine(
        bad.sequence,
        bad.posted_at,
        bad.transfer_id,
        bad.kind,
        bad.counterparty_id,
        bad.reference,
        bad.description,
        bad.amount + Decimal("0.01"),
        bad.balance_after,
    )

    with pytest.raises(LedgerBroken) as broken:
        Statement(account_id=WALLET, currency="NAD", since=MARCH, until=APRIL, opening=Decimal("100.00"), lines=lines)

    assert broken.value.facts == {"account_id": WALLET, "sequence": bad.sequence}


@given(st.lists(st.integers(-10_000, 10_000).filter(bool), max_size=1200))
async def test_the_file_contains_every_line_and_ends_at_the_closing_balance(cents: list[int]) -> None:
    made = statement(*(f"{Decimal(n).scaleb(-2):f}" for n in cents), opening="1000000.00")

    found = await rows(made)

    assert len(found) == len(cents) + 3
    assert [row[6] for row in found[2:-1]] == [f"{Decimal(n).scaleb(-2):.2f}" for n in cents]
    assert Decimal(found[-1][8]) == Decimal(1_000_000) + Decimal(sum(cents)).scaleb(-2)


async def test_a_statement_is_the_same_table_in_every_format() -> None:
    made = statement("50.00", "-30.00")
    sheet = openpyxl.load_workbook(io.BytesIO(await document(made, "xlsx"))).active
    parquet = pq.read_table(io.BytesIO(await document(made, "parquet"))).to_pylist()

    assert sheet is not None
    of_xlsx = list(sheet.iter_rows(values_only=True))
    assert [row[2] for row in await rows(made)] == [row[2] for row in of_xlsx] == ["kind", *(row["kind"] for row in parquet)]
    assert [row[6] for row in of_xlsx] == ["amount", None, 50, -30, None]
    assert [row["balance"] for row in parquet] == [100, 150, 120, 120]


async def test_a_statement_is_rendered_as_pdf_whatever_its_texts_contain() -> None:
    hostile = '#panic("x") $ \\ `*_ <a> @b // "quoted" [ ] { } é 👍 \u202e'

    document = await statement_pdf(statement("12.00", "-5.00", description=hostile), made_at=APRIL)

    assert document.startswith(b"%PDF-")
    assert b"/Title" in document


async def test_the_same_statement_at_the_same_moment_is_the_same_document() -> None:
    made = statement("12.00")

    assert await statement_pdf(made, made_at=APRIL) == await statement_pdf(made, made_at=APRIL)


async def test_a_statement_of_more_pages_than_a_person_reads_is_refused_as_pdf() -> None:
    with pytest.raises(DocumentTooLong):
        await statement_pdf(statement(*["1.00"] * 3_000), made_at=APRIL)
