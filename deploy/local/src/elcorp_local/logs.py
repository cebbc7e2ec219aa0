"""The log file of one process: limited at each start; its end is shown on failures."""

from pathlib import Path
from typing import BinaryIO

KEEP_BYTES_MAX = 16 * 1024 * 1024
TAIL_BYTES = 32 * 1024


def open_log(log: Path) -> BinaryIO:
    """Open a log for appending; first rename a long one, replacing its predecessor."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > KEEP_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines, or a note that the log has none."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL_BYTES, 0))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:]) or "(it said nothing)"
