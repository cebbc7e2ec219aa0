"""Documents as PDF, set by typst in the fonts of this package: no font of the system, so that every machine makes the same."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from kernel.errors import InvalidValue

if TYPE_CHECKING:
    from typst import Fonts

FONTS: Final = Path(__file__).with_name("fonts")
# About 10,000 lines of a statement, of which typst needs 100 MB and a second.
DATA_BYTES_MAX: Final = 4_000_000
_PRELUDE: Final = Path(__file__).with_name("prelude.typ")
# Typesetting takes a core for 0.2 seconds, and memory. Allow one at a time, or requests would wait for documents.
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


class DocumentTooLong(InvalidValue):
    """The document would have too many pages; ask for less, or in a format for tables."""


async def pdf(template: Path, data: Mapping[str, object], *, made_at: datetime) -> bytes:
    """Typeset a document in a thread; raises DocumentTooLong. The same data and `made_at` give the same bytes.

    The template reads `data`, which is never markup or code, and shows text from users by `words`. Requires the extra `pdf`.
    """
    text = json.dumps(data)
    if len(text) > DATA_BYTES_MAX:
        raise DocumentTooLong(field="format")
    async with _ONE_AT_A_TIME:
        return await asyncio.to_thread(typeset, template, text, "pdf", made_at)


def typeset(template: Path, data: str, format_: Literal["pdf", "svg", "png"], made_at: datetime) -> bytes:
    """Typeset a template with `data`, which is JSON."""
    import typst  # noqa: PLC0415  # 40 MB, needed only to typeset documents

    document = typst.compile(
        _PRELUDE.read_bytes() + template.read_bytes(),
        format=format_,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        timestamp=int(made_at.timestamp()),
    )
    if not isinstance(document, bytes):
        raise TypeError(f"typst made {type(document).__name__}, not one document")
    return document


@cache
def _fonts() -> "Fonts":
    import typst  # noqa: PLC0415

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
