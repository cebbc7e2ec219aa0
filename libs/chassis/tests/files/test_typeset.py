"""PDFs: in our fonts, with the texts of users as they are, and without a process left."""

import asyncio
import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import pypdf
import pytest
import typst

from chassis.files.typeset import DATA_BYTES_MAX, FONTS, DocumentTooLong, pdf, typeset

AT: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
# Letters of Namibian names: Oshiwambo, Otjiherero, Afrikaans, German, and the clicks and vowels of Khoekhoegowab.
LETTERS: Final = "ŋŊāĀēīōŌūëËêôïöüßṱḓ!|ǀǁǂǃâîû"
HOSTILE: Final = '#panic("x") $ \\ `*_ <a> @b // "quoted" [ ] { } #import "x" #sys.inputs = - ~'
TEMPLATE: Final = "#set page(width: auto, height: auto)\n#for one in data [#words(one)\\ ]"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "words.typ").write_text(TEMPLATE)
    return tmp_path / "words.typ"


async def text_of(document: bytes) -> str:
    [page] = pypdf.PdfReader(BytesIO(document)).pages
    return page.extract_text()


async def test_a_users_text_is_neither_markup_nor_code(template: Path) -> None:
    document = await pdf(template, [HOSTILE], made_at=AT)

    assert (await text_of(document)).replace(" ", "") == HOSTILE.replace(" ", "")


@pytest.mark.parametrize("weight", ["regular", "bold"])
async def test_every_letter_of_namibian_names_has_a_glyph(weight: str) -> None:
    # A private character, which no font has, is drawn as every missing glyph is.
    template = f'#set text(weight: "{weight}")\n#set page(width: auto, height: auto)\n#for one in data [#one\\ ]'
    missing, *drawn = _glyphs(await typeset(template, json.dumps(["\U0010fffd", *LETTERS]), "svg", made_at=AT))

    assert len(drawn) == len(LETTERS)
    assert missing not in drawn


async def test_a_document_has_our_fonts_and_no_other(template: Path) -> None:
    document = await pdf(template, ["rent of ǂŌkahandja", "日本"], made_at=AT)

    assert set(re.findall(rb"/BaseFont ?/[A-Z]+\+([\w-]+)", document)) <= {b"NotoSans-Regular", b"NotoSansMono-Regular"}
    families = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]).families()
    assert families == ["Noto Sans", "Noto Sans Mono"]
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text()


async def test_a_word_that_is_too_long_for_its_column_breaks() -> None:
    template = "#set page(width: 60mm, height: auto)\n#for one in data [#words(one)]"
    document = await typeset(template, json.dumps(["x" * 140]), "pdf", made_at=AT)

    lines = (await text_of(document)).split()
    assert len(lines) > 1


async def test_the_same_data_at_the_same_moment_is_the_same_document(template: Path) -> None:
    assert await pdf(template, ["x"], made_at=AT) == await pdf(template, ["x"], made_at=AT)


async def test_a_document_that_is_too_long_is_refused(template: Path) -> None:
    with pytest.raises(DocumentTooLong):
        await pdf(template, ["x" * DATA_BYTES_MAX], made_at=AT)


async def test_a_template_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="unknown variable: nothing"):
        await typeset("#nothing", "[]", "pdf", made_at=AT)


async def test_a_cancelled_document_ends_its_process_and_lets_the_next_begin(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    real = asyncio.create_subprocess_exec

    async def watched(*arguments: object, **options: object) -> asyncio.subprocess.Process:
        process = await real(*arguments, **options)  # type: ignore[arg-type]
        begun.put_nowait(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    task = asyncio.create_task(typeset("#for n in range(10000000) [x]", "[]", "pdf", made_at=AT))
    process = await begun.get()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert process.returncode is not None
    assert (await pdf(template, ["x"], made_at=AT)).startswith(b"%PDF-")


def _glyphs(svg: bytes) -> list[str]:
    """Return the outlines of the glyphs that are drawn, in their order."""
    outlines = dict(re.findall(r'<symbol id="(\w+)"[^>]*>(.*?)</symbol>', svg.decode(), re.DOTALL))
    return [outlines[name] for name in re.findall(r'<use xlink:href="#(\w+)"', svg.decode())]
