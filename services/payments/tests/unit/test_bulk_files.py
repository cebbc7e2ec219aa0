"""Files of bulk transfers are read whole, and their faults are reported."""

import contextlib
import json
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import InvalidValues
from kernel.ids import new_id
from payments.application.ports.bulk_transfers import FileDefaults
from payments.domain.bulk_file import FAULTS_MAX, LINES_MAX, BulkFile, BulkMode
from payments.infrastructure.bulk_files import READERS

TODAY = date(2026, 3, 21)
SOURCE, FIRST, SECOND = str(new_id()), str(new_id()), str(new_id())
GIVEN = FileDefaults(today=TODAY, source=SOURCE, currency="NAD", mode="best_effort")


def read(media_type: str, body: bytes | str, given: FileDefaults = GIVEN) -> BulkFile:
    return BulkFile.read(READERS[media_type](body.encode() if isinstance(body, str) else body, given))


def faults(work: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(InvalidValues) as refused:
        work()
    return {fault.field: fault.message for fault in refused.value.faults}


def of_json(lines: list[object], **changes: object) -> str:
    return json.dumps({"source_wallet_id": SOURCE, "currency": "NAD", "mode": "all_or_nothing", "lines": lines, **changes})


def line(**changes: object) -> dict[str, object]:
    return {"target_wallet_id": FIRST, "amount": "12.50", **changes}


def of_pain(  # a test may break each part
    *,
    version: str = "09",
    count: str = "2",
    total: str = "30.75",
    day: str = "<Dt>2026-03-21</Dt>",
    method: str = "TRF",
    second_currency: str = "NAD",
    head: str = "",
) -> str:
    debtor = SOURCE.replace("-", "")
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}"><CstmrCdtTrfInitn>
<GrpHdr><MsgId>SALARIES-2026-03</MsgId><CreDtTm>2026-03-21T08:00:00Z</CreDtTm><NbOfTxs>{count}</NbOfTxs>
<CtrlSum>{total}</CtrlSum><InitgPty><Nm>Namib Mills</Nm></InitgPty></GrpHdr>
<PmtInf><PmtInfId>P1</PmtInfId><PmtMtd>{method}</PmtMtd><ReqdExctnDt>{day}</ReqdExctnDt>
<Dbtr><Nm>Namib Mills</Nm></Dbtr><DbtrAcct><Id><Othr><Id>{debtor}</Id></Othr></Id></DbtrAcct>
<CdtTrfTxInf><PmtId><EndToEndId>NOTPROVIDED</EndToEndId></PmtId><Amt><InstdAmt Ccy="NAD">10.50</InstdAmt></Amt>
<CdtrAcct><Id><Othr><Id>{FIRST}</Id></Othr></Id></CdtrAcct><RmtInf><Ustrd>March</Ustrd><Ustrd>wages</Ustrd></RmtInf></CdtTrfTxInf>
<CdtTrfTxInf><PmtId><EndToEndId>E-2</EndToEndId></PmtId><Amt><InstdAmt Ccy="{second_currency}">20.25</InstdAmt></Amt>
<CdtrAcct><Id><Othr><Id>{SECOND}</Id></Othr></Id></CdtrAcct></CdtTrfTxInf>
</PmtInf></CstmrCdtTrfInitn></Document>"""


def test_json_is_read_with_its_lines_numbered_from_one() -> None:
    file = read("application/json", of_json([line(description="wages"), line(target_wallet_id=SECOND, reference="R-7")]))
    assert (str(file.source_id), file.currency, file.mode) == (SOURCE, "NAD", BulkMode.ALL_OR_NOTHING)
    assert [(one.number, str(one.target_id), one.amount.text) for one in file.lines] == [
        (1, FIRST, "12.50"),
        (2, SECOND, "12.50"),
    ]
    assert (file.lines[0].description, file.lines[1].reference) == ("wages", "R-7")
    assert file.total.text == "25.00"


def test_every_faulty_line_of_a_file_is_reported() -> None:
    found = faults(
        lambda: read(
            "application/json",
            of_json(
                [
                    line(amount="1.005"),
                    line(target_wallet_id="nobody"),
                    line(target_wallet_id=SOURCE),
                    line(amount="0"),
                    line(description="x" * 141),
                    line(),
                ]
            ),
        )
    )
    assert set(found) == {
        "lines.0.amount",
        "lines.1.target_wallet_id",
        "lines.2.target_wallet_id",
        "lines.3.amount",
        "lines.4.description",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", "body"),
        ("{", "body"),
        (of_json([]), "lines"),
        (of_json([line()] * (LINES_MAX + 1)), "lines"),
        (of_json([line(amount=1)]), "lines.0.amount"),
        (of_json([line(amount="1", fee="0")]), "lines.0.fee"),
        (of_json([{"amount": "1"}]), "lines.0.target_wallet_id"),
        (of_json(["x"]), "lines.0"),
        (of_json([line()], mode="sometimes"), "mode"),
        (of_json([line()], currency="XXX"), "currency"),
        (of_json([line()], source_wallet_id="{" + SOURCE + "}"), "source_wallet_id"),
        (of_json([line()], extra=1), "extra"),
    ],
)
def test_an_invalid_file_is_refused_with_the_place_of_the_fault(body: str, field: str) -> None:
    assert field in faults(lambda: read("application/json", body))


def test_csv_reads_every_field_of_a_line() -> None:
    text = f"Amount, target_wallet_id ,reference,description,currency\n 1.50 , {FIRST} ,INV-7,wages,NAD\n2.00,{SECOND},,,\n"
    file = read("text/csv", text)
    assert (str(file.source_id), file.currency, file.mode, file.label) == (SOURCE, "NAD", BulkMode.BEST_EFFORT, "")
    assert [(one.number, str(one.target_id), one.amount.text, one.description, one.reference) for one in file.lines] == [
        (1, FIRST, "1.50", "wages", "INV-7"),
        (2, SECOND, "2.00", "", ""),
    ]
    # The currency of a line must be that of the file.
    assert set(faults(lambda: read("text/csv", text.replace("NAD", "USD")))) == {"line 2.currency"}


def test_the_number_of_reported_faults_is_limited() -> None:
    assert len(faults(lambda: read("application/json", of_json([line(amount="x")] * 500)))) == FAULTS_MAX


def test_csv_is_read_with_or_without_a_byte_order_mark_and_faults_give_the_line_of_the_file() -> None:
    text = f'target_wallet_id,amount,description\r\n{FIRST},12.50,"wages, March"\r\n\r\n{SECOND},7.00,\r\n'
    for body in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        file = read("text/csv", body)
        assert [(one.amount.text, one.description) for one in file.lines] == [("12.50", "wages, March"), ("7.00", "")]
    broken = text.replace("7.00", "seven")
    assert set(faults(lambda: read("text/csv", broken))) == {"line 4.amount"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "line 1"),
        (b"\xff\xfe", "body"),
        (b"target_wallet_id,amount,amount\n", "line 1"),
        (b"target_wallet_id,sum\n", "line 1"),
        (b"target_wallet_id,amount\nx\n", "line 2"),
        (b'target_wallet_id,amount\n"x' + b"y" * 2000, "line 2"),
        (b'target_wallet_id,amount\n"x"y,1\n', "line 2"),
        (b"target_wallet_id,amount\n", "lines"),
    ],
)
def test_an_invalid_csv_is_refused_with_the_place_of_the_fault(body: bytes, field: str) -> None:
    assert field in faults(lambda: read("text/csv", body))


@pytest.mark.parametrize("version", ["03", "09", "12"])
def test_pain_001_is_read_in_its_versions(version: str) -> None:
    day = "2026-03-21" if version == "03" else "<Dt>2026-03-21</Dt>"
    file = read("application/xml", of_pain(version=version, day=day))
    assert (str(file.source_id), file.currency, file.label) == (SOURCE, "NAD", "SALARIES-2026-03")
    assert [(str(one.target_id), one.amount.text, one.description, one.reference) for one in file.lines] == [
        (FIRST, "10.50", "March wages", ""),
        (SECOND, "20.25", "", "E-2"),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"count": "3"}, "GrpHdr.NbOfTxs"),
        ({"total": "30.76"}, "GrpHdr.CtrlSum"),
        ({"day": "<Dt>2026-03-22</Dt>"}, "PmtInf.0.ReqdExctnDt"),
        ({"day": "soon"}, "PmtInf.0.ReqdExctnDt"),
        ({"method": "CHK"}, "PmtInf.0.PmtMtd"),
        ({"second_currency": "USD"}, "InstdAmt"),
        ({"version": "01"}, "Document"),
    ],
)
def test_a_message_that_contradicts_itself_is_refused(changes: dict[str, str], field: str) -> None:
    assert field in faults(lambda: read("application/xml", of_pain(**changes)))


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://192.0.2.1/evil.dtd">',
        "<!DOCTYPE d>",
    ],
)
def test_entity_bombs_and_external_entities_are_not_expanded(head: str) -> None:
    assert set(faults(lambda: read("application/xml", of_pain(head=head)))) == {"body"}


def test_a_deeply_nested_message_is_refused() -> None:
    assert faults(lambda: read("application/xml", "<a>" * 50_000 + "</a>" * 50_000))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_input_is_read_or_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(InvalidValues):
        read(media_type, body)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_corrupted_message_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(of_pain().encode())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidValues):
        assert read("application/xml", bytes(body)).lines
