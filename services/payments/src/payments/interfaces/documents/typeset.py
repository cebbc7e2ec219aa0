"""Documents set by typst."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

# Setting takes a core for a fifth of a second and its memory: one at a time, or payments would have to wait for paper.
_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def pdf(template: Path, data: Mapping[str, object], *, made_at: datetime) -> bytes:
    """Set a document, beside the event loop; the same data at the same moment is the same document."""
    async with _ONE_AT_A_TIME:
        return await asyncio.to_thread(_set, template, json.dumps(data), made_at)


def _set(template: Path, data: str, made_at: datetime) -> bytes:
    import typst  # noqa: PLC0415  # 40 MB that only a process which sets documents has need of

    seconds = int(made_at.timestamp())
    document = typst.compile(
        template.read_bytes(), format="pdf", sys_inputs={"data": data}, ignore_system_fonts=True, timestamp=seconds
    )
    if not isinstance(document, bytes):
        raise TypeError(f"typst made {type(document).__name__}, not one PDF")
    return document
