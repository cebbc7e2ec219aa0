"""PostgreSQL hangs: the kernel accepts connections and acknowledges data, and no process of the server runs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def hanging(superuser_url: str) -> Iterator[None]:
    """Stop every process of the server during the block."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        postmaster = _parent_of(connection.info.backend_pid)
    # The postmaster first, so that it starts no other processes.
    stopped = [postmaster]
    os.kill(postmaster, signal.SIGSTOP)
    try:
        for pid in _children_of(postmaster):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)


def _children_of(pid: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _parent_of(pid: int) -> int:
    # The name in parentheses may contain spaces.
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
