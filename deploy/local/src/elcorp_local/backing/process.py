"""One private server process: started, waited for, stopped; its leftovers of an earlier crash first."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20


class ServerFailed(Exception):
    """A backing server did not come up; the message ends with the last of what it said."""


@dataclass
class ServerProcess:
    """A child process with its log and pid file in `folder`; `user` drops root where the server insists."""

    name: str
    folder: Path
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
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
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own command
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                start_new_session=True,  # a Ctrl-C is the runner's to hear; it stops the servers last
                user=uid,
                group=gid,
                extra_groups=[] if uid else None,
            )
        self.pid_file.write_text(f"{self.child.pid} {_started_at(self.child.pid)}")

    def wait_ready(self, ready: Callable[[], bool]) -> None:
        """Wait until `ready` answers True; raises ServerFailed when the process ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not ready():
            ended = self.child is not None and self.child.poll() is not None
            if ended or time.monotonic() > deadline:
                what = f"ended with status {self.child.returncode}" if ended and self.child else "did not answer in time"
                raise ServerFailed(f"{self.name} {what}; the end of {self.log}:\n{self.tail()}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self.child is None:
            return
        _stop_group(self.child.pid, self.stop_signal, lambda: self.child is None or self.child.poll() is not None)
        self.child.wait()
        self.child = None
        self.pid_file.unlink(missing_ok=True)

    def stop_leftover(self) -> None:
        """Stop what a killed runner left behind; the start time tells it from a stranger with the same pid."""
        try:
            pid_text, started_at = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return
        pid = int(pid_text)
        if _started_at(pid) == started_at:
            _stop_group(pid, self.stop_signal, lambda: _started_at(pid) != started_at)
        self.pid_file.unlink(missing_ok=True)

    def tail(self, lines: int = 15) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _stop_group(pid: int, stop_signal: signal.Signals, ended: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STOP_SECONDS_MAX
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
        while not ended() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not ended():
            os.killpg(pid, signal.SIGKILL)


def _started_at(pid: int) -> str:
    """Return the kernel's start time of a process, "" when there is none."""
    try:
        state, *_, started = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[:20]
    except (OSError, ValueError):
        return ""
    return "" if state == "Z" else started
