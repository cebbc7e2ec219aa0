"""One private server process: end leftovers of a crash, start, wait until ready, stop."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elcorp_local import logs, pids
from elcorp_local.failure import Failure

# A server that runs but is slow is on a busy machine; one that died is noticed at once.
START_SECONDS_MAX = 180
STOP_SECONDS_MAX = 20


class ServerFailed(Failure):
    """A backing server did not start; the message ends with the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running backing server of any source."""

    urls: Mapping[str, str]
    stop: Callable[[], None]
    is_running: Callable[[], bool]


@dataclass
class ServerProcess:
    """A child process with its log and pid file in `folder`; `user` replaces root if the server requires it."""

    name: str
    folder: Path
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds_max: float = STOP_SECONDS_MAX
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def start(self) -> None:
        self.stop_leftover()
        uid, gid = self.user or (None, None)
        with logs.open_log(self.log) as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own command
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                start_new_session=True,  # the runner handles Ctrl-C, and stops the servers last
                user=uid,
                group=gid,
                extra_groups=[] if uid else None,
            )
        pids.record(self.pid_file, self.child.pid)

    def start_and_wait(self, ready: Callable[[], bool]) -> None:
        """Start, and wait until `ready` returns True. Raises ServerFailed after stopping the process."""
        self.start()
        try:
            self.wait_ready(ready)
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, ready: Callable[[], bool]) -> None:
        """Wait until `ready` returns True. Raises ServerFailed if the process ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not ready():
            ended = not self.is_running()
            if ended or time.monotonic() > deadline:
                status = self.child.returncode if self.child else None
                what = f"ended with status {status}" if ended else f"did not answer in {START_SECONDS_MAX} s"
                raise ServerFailed(f"{self.name} {what}; the end of {self.log}:\n{logs.tail(self.log)}")
            time.sleep(0.1)

    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def stop(self) -> None:
        if self.child is None:
            return
        pids.end_group(self.child.pid, self.stop_signal, lambda: not self.is_running(), seconds_max=self.stop_seconds_max)
        self.child.wait()
        self.child = None
        self.pid_file.unlink(missing_ok=True)

    def stop_leftover(self) -> None:
        pids.end_leftover(self.pid_file, self.stop_signal, seconds_max=self.stop_seconds_max)
