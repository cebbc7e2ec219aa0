"""Typeset documents with typst."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

# Typesetting takes a core for 0.2 seconds, and memory. Allow one at a time, or payments would wait for documents.
_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def pdf(template: Path, data: Mapping[str, object], *, made_at: datetime) -> bytes:
    """Typeset a document in a thread. The same data and `made_at` give the same bytes."""
    async with _ONE_AT_A_TIME:
        return await asyncio.to_thread(_set, template, json.dumps(data), made_at)


def _set(template: Path, data: str, made_at: datetime) -> bytes:
    import typst  # noqa: PLC0415  # 40 MB, needed only to typeset documents

    seconds = int(made_at.timestamp())
    document = typst.compile(
        template.read_bytes(), format="pdf", sys_inputs={"data": data}, ignore_system_fonts=True, timestamp=seconds
    )
    if not isinstance(document, bytes):
        raise TypeError(f"typst made {type(document).__name__}, not one PDF")
    return document
