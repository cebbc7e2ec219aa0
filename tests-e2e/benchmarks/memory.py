"""Memory of a process: its proportional share (PSS: processes that map a page share its size), and its resident size."""

from pathlib import Path
from typing import NamedTuple


class Megabytes(NamedTuple):
    share: float
    resident: float


def megabytes(pid: int) -> Megabytes:
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    found = {fields[0]: int(fields[1]) / 1024 for fields in lines if fields[0] in {"Rss:", "Pss:"}}
    return Megabytes(found["Pss:"], found["Rss:"])
