"""The parts of an XLSX workbook around its sheets (ECMA-376, part 1)."""

from collections.abc import Sequence
from typing import Final

from chassis.files.table import Column, ColumnType, Row
from chassis.files.xlsx_cells import HEADER, MINOR_UNITS_MAX, escaped, text_cell

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_RELATED: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_NAME_LENGTH_MAX: Final = 31
_WIDTHS: Final = {ColumnType.ID: 38, ColumnType.TEXT: 32, ColumnType.TIME: 20, ColumnType.AMOUNT: 18}
_WIDTH: Final = 14
# Beyond the built-in formats: 0 General, 1 "0", 49 text.
_OWN_FORMATS: Final = 164


def sheet_start(columns: Sequence[Column[Row]]) -> str:
    """Return a sheet up to its second row: the names of the columns stay in view."""
    widths = "".join(
        f'<col min="{number}" max="{number}" width="{_WIDTHS.get(column.type, _WIDTH)}" customWidth="1"/>'
        for number, column in enumerate(columns, start=1)
    )
    names = "".join(
        f'<c r="{letter}1"{text_cell(column.name, HEADER)}' for letter, column in zip(letters(len(columns)), columns, strict=True)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{widths}</cols><sheetData><row r="1">{names}</row>'
    )


SHEET_END: Final = "</sheetData></worksheet>"


def letters(count: int) -> list[str]:
    """Return the names of the first columns: A to Z, then AA and so on."""
    names = [chr(ord("A") + number) for number in range(26)]
    return [*names, *(first + second for first in names for second in names)][:count]


def parts(name: str, sheets: int) -> dict[str, str]:
    """Return the other parts of a workbook with `sheets` sheets, by their paths."""
    numbers = range(1, sheets + 1)
    listed = "".join(f'<sheet name="{_sheet_name(name, n)}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(_relation(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers)
    overrides = "".join(_override(f"worksheets/sheet{n}.xml", "worksheet") for n in numbers)
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(related + _relation(sheets + 1, "styles", "styles.xml")),
        "xl/styles.xml": _styles(),
        "_rels/.rels": _relations(_relation(1, "officeDocument", "xl/workbook.xml")),
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f"{_override('workbook.xml', 'sheet.main')}{_override('styles.xml', 'styles')}{overrides}</Types>",
    }


def document(xml: str) -> bytes:
    return f"{_XML}{xml}".encode()


def _sheet_name(name: str, number: int) -> str:
    suffix = "" if number == 1 else f" {number}"
    return escaped(name[: _NAME_LENGTH_MAX - len(suffix)]) + suffix


def _relations(relations: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_RELATED}/{kind}" Target="{target}"/>'


def _override(path: str, kind: str) -> str:
    return f'<Override PartName="/xl/{path}" ContentType="{_TYPE}.{kind}+xml"/>'


def _styles() -> str:
    """Return the formats in the order of `xlsx_cells`: seven of them, then one for each number of decimals of an amount.

    A cell of text has the format of text and a quote prefix, so that it stays text when it is edited.
    """
    own = ["yyyy\\-mm\\-dd\\ hh:mm:ss", "yyyy\\-mm\\-dd", *_amount_formats()]
    formats = "".join(f'<numFmt numFmtId="{_OWN_FORMATS + n}" formatCode="{code}"/>' for n, code in enumerate(own))
    text = 'numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"'
    styles = [
        _style(0),
        '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" quotePrefix="1"/>',
        f"<xf {text}/>",
        f'<xf {text} applyAlignment="1"><alignment horizontal="right"/></xf>',
        _style(_OWN_FORMATS),
        _style(_OWN_FORMATS + 1),
        _style(1),
        *(_style(_OWN_FORMATS + 2 + n) for n in range(MINOR_UNITS_MAX + 1)),
    ]
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(own)}">{formats}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _style(number_format: int) -> str:
    return f'<xf numFmtId="{number_format}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'


def _amount_formats() -> list[str]:
    return ["#,##0", *(f"#,##0.{'0' * n}" for n in range(1, MINOR_UNITS_MAX + 1))]
