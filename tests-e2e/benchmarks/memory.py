"""Memory of a process: its share (PSS: a shared page counts once over those that map it), and all that is resident."""

from pathlib import Path
from typing import NamedTuple


class Megabytes(NamedTuple):
    share: float
    resident: float


def megabytes(pid: int) -> Megabytes:
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    found = {fields[0]: int(fields[1]) / 1024 for fields in lines if fields[0] in {"Rss:", "Pss:"}}
    return Megabytes(found["Pss:"], found["Rss:"])
