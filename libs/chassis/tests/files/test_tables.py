"""The same values in every format: exact, and never a formula."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.files import Column, ColumnType, safe
from kernel.money import LARGEST_AMOUNT
from libs.chassis.tests.files.tables import Line, as_csv, as_parquet, as_xlsx

NOON: Final = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
# A spreadsheet has milliseconds and no zone.
NOON_IN_XLSX: Final = NOON.replace(tzinfo=None, microsecond=123000)
# OWASP: CSV injection, and ASVS 5.0, 1.2.10.
TRIGGERS: Final = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"]  # noqa: RUF001
HOSTILE: Final = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*TRIGGERS, *"'\",;<&x ", "_x0041_", "\ud800", "\uffff", "👍"]), max_size=12).map("".join),
    st.builds("{}{}".format, st.sampled_from(TRIGGERS), st.text(max_size=20)),
)
AMOUNTS: Final = st.decimals(-LARGEST_AMOUNT, LARGEST_AMOUNT, places=8)


def line(**changed: Any) -> Line:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "code": "settled",
        "text": "rent of ǂŌkahandja",
        "amount": Decimal("-652.00000000"),
        "rate": Decimal("0.05445000000000"),
        "count": 7,
        "flag": True,
        "time": NOON,
        "day": date(2026, 3, 2),
    }
    return Line(**values | changed)


async def test_every_type_of_value_in_csv() -> None:
    assert await as_csv(line()) == [
        {
            "id": str(UUID(int=1)),
            "code": "settled",
            "text": "rent of ǂŌkahandja",
            "amount": "-652.00",
            "rate": "0.05445",
            "count": "7",
            "flag": "true",
            "time": "2026-03-02T12:00:00.123456Z",
            "day": "2026-03-02",
        }
    ]


async def test_every_type_of_value_in_parquet() -> None:
    assert await as_parquet(line()) == [
        {
            "id": str(UUID(int=1)),
            "code": "settled",
            "text": "rent of ǂŌkahandja",
            "amount": Decimal("-652.00"),
            "rate": Decimal("0.05445"),
            "count": 7,
            "flag": True,
            "time": NOON,
            "day": date(2026, 3, 2),
        }
    ]


async def test_every_type_of_value_in_xlsx_with_its_format() -> None:
    [cells] = await as_xlsx(line())
    assert {name: (cell.data_type, cell.value, cell.number_format) for name, cell in cells.items()} == {
        "id": ("s", str(UUID(int=1)), "@"),
        "code": ("s", "settled", "@"),
        "text": ("s", "rent of ǂŌkahandja", "@"),
        "amount": ("n", -652, "#,##0.00"),
        "rate": ("n", 0.05445, "General"),
        "count": ("n", 7, "0"),
        "flag": ("b", True, "General"),
        "time": ("d", NOON_IN_XLSX, r"yyyy\-mm\-dd\ hh:mm:ss"),
        "day": ("d", NOON_IN_XLSX.replace(hour=0, microsecond=0), r"yyyy\-mm\-dd"),
    }


async def test_a_row_without_values_has_empty_cells() -> None:
    [of_csv], [of_parquet], xlsx = await as_csv(Line()), await as_parquet(Line()), await as_xlsx(Line())
    assert set(of_csv.values()) == {""}
    assert set(of_parquet.values()) == {None}
    assert xlsx == [] or {cell.value for cell in xlsx[0].values()} == {None}


@pytest.mark.parametrize("trigger", TRIGGERS, ids=ascii)
async def test_a_csv_cell_that_would_be_a_formula_begins_with_an_apostrophe(trigger: str) -> None:
    [row] = await as_csv(line(text=f"{trigger}1+1"))
    assert row["text"] == f"'{trigger}1+1"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a;=1+1", "a;'=1+1"),
        # Where a semicolon separates cells, the doubled quotes of our own cell are an empty beginning of the next one.
        ('a;"=1+1&"', 'a;"\'=1+1&"'),
        ("a\t@x", "a\t'@x"),
        ("first\r\n-2", "first\r\n'-2"),
        ("a; b - c", "a; b - c"),
        ("2026-03-02", "2026-03-02"),
        ("first\r\nsecond", "first\r\nsecond"),
    ],
    ids=ascii,
)
def test_a_separator_of_another_locale_begins_no_formula_within_a_text(text: str, escaped: str) -> None:
    assert safe(text) == escaped


@given(HOSTILE)
async def test_no_text_is_a_formula_in_csv_or_changes_another_cell(text: str) -> None:
    [row] = await as_csv(line(text=text))

    assert not row["text"].startswith(tuple(TRIGGERS))
    assert row["text"].replace("'", "") == text.encode(errors="replace").decode().replace("'", "")
    assert row["amount"] == "-652.00"


@given(HOSTILE)
@example("_x000D_")
@example("\r\n = \x0b")
async def test_no_text_is_a_formula_in_xlsx_and_each_is_read_back(text: str) -> None:
    [cells] = await as_xlsx(line(text=text))

    cell = cells["text"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert _unescaped(cell.value or "") == text
    assert cells["amount"].value == -652


@given(HOSTILE.filter(lambda text: "\ud800" not in text))
async def test_parquet_keeps_every_text(text: str) -> None:
    assert (await as_parquet(line(text=text)))[0]["text"] == text


@given(AMOUNTS)
@example(Decimal("999999999999.99999999"))
@example(Decimal("-0.00000001"))
@example(Decimal(0))
async def test_every_amount_is_exact_in_every_format(amount: Decimal) -> None:
    one = line(amount=amount, currency="ELC")
    [of_csv], [of_xlsx], [of_parquet] = await as_csv(one), await as_xlsx(one), await as_parquet(one)

    assert of_csv["amount"] == f"{amount:.8f}"
    assert of_parquet["amount"] == amount
    cell = of_xlsx["amount"]
    # A double has 15 digits, and `repr` gives them back.
    assert (Decimal(cell.value) if cell.data_type == "s" else Decimal(repr(cell.value))) == amount


async def test_an_amount_of_more_digits_than_a_double_holds_is_text_in_xlsx() -> None:
    rows = await as_xlsx(
        *(line(amount=Decimal(amount), currency="ELC") for amount in ("1234567.12345678", "12345678.12345678", "100000000000"))
    )
    assert [(row["amount"].data_type, row["amount"].value) for row in rows] == [
        ("n", 1234567.12345678),
        ("s", "12345678.12345678"),
        ("n", 100000000000),
    ]
    assert rows[1]["amount"].alignment.horizontal == "right"


async def test_a_time_of_another_zone_is_in_utc() -> None:
    there = line(time=NOON.astimezone(timezone(timedelta(hours=2))))
    assert (await as_csv(there))[0]["time"] == "2026-03-02T12:00:00.123456Z"
    assert (await as_xlsx(there))[0]["time"].value == NOON_IN_XLSX
    assert (await as_parquet(there))[0]["time"] == NOON


async def test_a_time_before_the_calendars_of_spreadsheets_agree_is_text() -> None:
    [cells] = await as_xlsx(line(time=datetime(1900, 2, 28, tzinfo=UTC), day=date(1900, 2, 28)))
    assert (cells["time"].value, cells["day"].value) == ("1900-02-28T00:00:00+00:00", "1900-02-28")


async def test_a_text_that_is_longer_than_a_cell_is_cut_with_an_ellipsis() -> None:
    [most, over] = await as_xlsx(line(text="👍" * 16_383 + "x"), line(text="👍" * 16_384))
    assert len(most["text"].value) == 16_384
    assert over["text"].value == "👍" * 16_383 + "…"


def test_an_amount_without_a_currency_is_refused() -> None:
    with pytest.raises(TypeError, match="an amount has a currency"):
        Column("amount", ColumnType.AMOUNT, lambda row: row.amount)


def _unescaped(text: str) -> str:
    """Read the escapes of ECMA-376, 22.9.2.19, as spreadsheets do; openpyxl does not."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
