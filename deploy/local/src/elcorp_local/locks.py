"""One runner at a time per folder: a second runner would stop the servers of the first as leftovers."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from elcorp_local.failure import Failure


class InUse(Failure):
    """Another runner uses the data folder."""


class FolderLock:
    """Held until released, or until the process ends in any way."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = file.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise InUse(f"{file.parent} is in use by process {holder or '?'}; stop that first") from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


@contextmanager
def all_locks(folder: Path) -> Iterator[None]:
    """Hold every lock below a folder. Raises InUse if another process holds one."""
    with ExitStack() as held:
        for file in sorted(folder.rglob("*.lock")):
            held.callback(FolderLock(file).release)
        yield
