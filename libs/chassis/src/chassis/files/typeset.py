"""Documents as PDF, set by typst in the fonts of this package: no font of the system, so that every machine makes the same.

Each document is set by a process of its own. typst keeps the last ten documents in memory, 100 MB each if they are long, and a
thread that it runs in cannot be stopped when its client has left.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from kernel.errors import InvalidValue

_FOLDER: Final = Path(__file__).parent
_PROGRAM, _PRELUDE, FONTS = (_FOLDER / name for name in ("typesetter.py", "prelude.typ", "fonts"))
# About 1,000 lines on 40 pages, which take 160 MB and two seconds.
DATA_BYTES_MAX: Final = 300_000
# A document takes a core and memory. Allow one at a time, or requests would wait for documents.
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


class DocumentTooLong(InvalidValue):
    """The document would have too many pages; ask for less, or for another format."""


async def pdf(template: Path, data: Mapping[str, object] | Sequence[object], *, made_at: datetime) -> bytes:
    """Typeset a document; raises DocumentTooLong. The same data and `made_at` give the same bytes.

    The template reads `data`, which is never markup or code, and shows text from users by `words`. Requires the extra `pdf`.
    """
    text = json.dumps(data)
    if len(text) > DATA_BYTES_MAX:
        raise DocumentTooLong(field="format")
    return await typeset(await asyncio.to_thread(template.read_text), text, "pdf", made_at=made_at)


async def typeset(template: str, data: str, format_: Literal["pdf", "svg", "png"], *, made_at: datetime) -> bytes:
    """Typeset a template with `data`, which is JSON."""
    request = {
        "template": await asyncio.to_thread(_PRELUDE.read_text) + template,
        "data": data,
        "format": format_,
        "fonts": str(FONTS),
        "timestamp": int(made_at.timestamp()),
    }
    async with _ONE_AT_A_TIME:
        return await _run(json.dumps(request).encode())


async def _run(request: bytes) -> bytes:
    pipe = asyncio.subprocess.PIPE
    # -I: neither variables nor the working directory say what it imports.
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", _PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        document, problems = await process.communicate(request)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"typesetting failed ({process.returncode}): {problems.decode(errors='replace')[-2000:]}")
    return document
