"""Runs the platform's processes: starts them, notices when one dies, restarts it, stops them all."""

import http.client
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elcorp_local import logs, pids
from elcorp_local.failure import Failure
from elcorp_local.restarts import PER_MINUTE_MAX, Restarts

Say = Callable[[str], None]
STOP_SECONDS_MAX = 25


class ProcessDied(Failure):
    """A process ended by itself; the message has the end of its log."""


def is_ready(url: str) -> bool:
    """Ask a process whether it is ready."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # our own loopback URL
            return bool(response.status == http.HTTPStatus.OK)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


@dataclass
class Managed:
    """One process of the platform; `ready_url` answers 200 once it is ready.

    When processes are stopped, those with a lower `stop_order` end before those with a higher one are asked to end.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    ready_url: str
    stop_order: int = 0
    child: "subprocess.Popen[bytes] | None" = None
    restarts: Restarts = field(default_factory=Restarts)

    @property
    def log(self) -> Path:
        return self.folder / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "run" / f"{self.name}.pid"

    def start(self) -> None:
        with logs.open_log(self.log) as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own command
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,  # the runner handles Ctrl-C, and stops its processes in order
            )
        pids.record(self.pid_file, self.child.pid)

    @property
    def pid(self) -> int:
        if self.child is None:
            raise ProcessDied(f"{self.name} is not running")
        return self.child.pid

    def ended_with(self) -> int | None:
        """Return the exit status of a process that has ended; None while it runs or if it never ran."""
        return self.child.poll() if self.child else None

    def is_ready(self) -> bool:
        return is_ready(self.ready_url)

    def tail(self, lines: int = 12) -> str:
        return logs.tail(self.log, lines)


class Supervisor:
    """Supervises processes in its own thread; gives up on a process that keeps dying, and reports it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._managed: dict[str, Managed] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._watching = False
        self.gave_up = threading.Event()

    @property
    def processes(self) -> Mapping[str, Managed]:
        return self._managed

    def start(self, processes: Sequence[Managed]) -> None:
        with self._lock:
            for process in processes:
                process.start()
                self._managed[process.name] = process

    def wait_ready(self, names: Sequence[str], *, seconds_max: float) -> None:
        """Wait for the named processes. Raises ProcessDied if one ends or the time runs out."""
        waiting, deadline, next_report = list(names), time.monotonic() + seconds_max, time.monotonic() + 5
        while waiting := [name for name in waiting if not self._managed[name].is_ready()]:
            for process in (self._managed[name] for name in waiting):
                if not self._watching and (status := process.ended_with()) is not None:
                    raise ProcessDied(f"{process.name} ended with status {status}; the end of {process.log}:\n{process.tail()}")
            if time.monotonic() > deadline:
                first = self._managed[waiting[0]]
                named = f"{', '.join(waiting)} not ready after {seconds_max:g} s"
                raise ProcessDied(f"{named}; the end of {first.log}:\n{first.tail()}")
            if time.monotonic() > next_report:
                self._say(f"waiting for {', '.join(waiting)}")
                next_report += 5
            time.sleep(0.1)

    def watch(self) -> None:
        """From now on restart processes that die."""
        self._watching = True
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def hurry(self) -> None:
        """Stop waiting for the processes being stopped, and kill them."""
        self._hurry.set()

    def stop(self) -> None:
        """Ask all to finish their work in progress, in order; kill those that do not."""
        self._stopping.set()
        with self._lock:
            deadline = time.monotonic() + STOP_SECONDS_MAX
            for order in sorted({process.stop_order for process in self._managed.values()}):
                self._stop([one for one in self._managed.values() if one.stop_order == order], deadline)

    def _watch(self) -> None:
        try:
            while not self._stopping.wait(0.2):
                with self._lock:
                    for process in self._managed.values():
                        if not self._stopping.is_set():
                            self._revive(process)
        finally:
            if not self._stopping.is_set():
                self.gave_up.set()

    def _revive(self, process: Managed) -> None:
        status = process.ended_with()
        if status is None:
            return
        if process.restarts.take_due():
            process.start()
        elif not process.restarts.is_planned():
            self._plan_restart(process, status)

    def _plan_restart(self, process: Managed, status: int) -> None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if process.restarts.died():
            self._say(f"{process.name} {how}, restarting; the end of {process.log}:\n{process.tail(4)}")
            return
        self._say(f"{process.name} {how}, more than {PER_MINUTE_MAX} times in a minute; giving up. Its log:\n{process.tail()}")
        process.child = None
        self.gave_up.set()

    def _stop(self, processes: Iterable[Managed], deadline: float) -> None:
        asked = [process for process in processes if process.child and process.child.poll() is None]
        for process in asked:
            os.kill(process.pid, signal.SIGCONT)
            os.kill(process.pid, signal.SIGTERM)
        while any(process.ended_with() is None for process in asked):
            if self._hurry.is_set() or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for process in asked:
            if process.child and process.ended_with() is None:
                self._say(f"{process.name} did not stop in time; killing it")
                process.child.kill()
                process.child.wait()
            process.pid_file.unlink(missing_ok=True)
