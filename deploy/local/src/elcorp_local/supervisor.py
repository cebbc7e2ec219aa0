"""Runs the platform's processes: starts them, notices when one dies, restarts it, stops them all."""

import contextlib
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Say = Callable[[str], None]
RESTARTS_PER_MINUTE_MAX = 5
STOP_SECONDS_MAX = 25


class ProcessDied(Exception):
    """A process ended by itself; the message carries the end of its log."""


@dataclass
class Managed:
    """One process of the platform; `ready_url` answers 200 once it does its work."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_url: str
    child: "subprocess.Popen[bytes] | None" = None
    started: list[float] = field(default_factory=list)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own command
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.started.append(time.monotonic())

    @property
    def pid(self) -> int:
        if self.child is None:
            raise ProcessDied(f"{self.name} is not running")
        return self.child.pid

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.ready_url, timeout=2) as response:  # noqa: S310  # our own loopback URL
                return bool(response.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False

    def tail(self, lines: int = 12) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


class Supervisor:
    """Watches over processes from a thread of its own; a process that keeps dying is given up on, loudly."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._managed: dict[str, Managed] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watching = False
        self.gave_up = threading.Event()

    @property
    def processes(self) -> Mapping[str, Managed]:
        return self._managed

    def start(self, processes: Sequence[Managed]) -> None:
        for process in processes:
            process.start()
            self._managed[process.name] = process

    def wait_ready(self, names: Sequence[str], *, seconds_max: float) -> None:
        """Wait for the named processes; raises ProcessDied when one ends or the time does."""
        waiting, deadline, told = list(names), time.monotonic() + seconds_max, time.monotonic() + 5
        while waiting := [name for name in waiting if not self._managed[name].is_ready()]:
            for name in waiting:
                process = self._managed[name]
                if not self._watching and process.child and process.child.poll() is not None:
                    raise ProcessDied(f"{name} ended with status {process.child.returncode}; its log:\n{process.tail()}")
            if time.monotonic() > deadline:
                tail = self._managed[waiting[0]].tail()
                raise ProcessDied(f"not ready in {seconds_max:g} s: {', '.join(waiting)}; {waiting[0]}:\n{tail}")
            if time.monotonic() > told:
                self._say(f"waiting for {', '.join(waiting)}")
                told += 5
            time.sleep(0.1)

    def watch(self) -> None:
        """From now on restart what dies."""
        self._watching = True
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            with self._lock:
                for process in self._managed.values():
                    if not self._stopping.is_set() and process.child and process.child.poll() is not None:
                        self._restart(process)

    def _restart(self, process: Managed) -> None:
        status = process.child.returncode if process.child else "?"
        recent = [at for at in process.started if at > time.monotonic() - 60]
        if len(recent) > RESTARTS_PER_MINUTE_MAX:
            self._say(f"{process.name} died {len(recent)} times in a minute; giving up. Its log:\n{process.tail()}")
            process.child = None
            self.gave_up.set()
            return
        if status != -signal.SIGKILL:
            self._say(f"{process.name} ended with status {status}, restarting. Its log:\n{process.tail(4)}")
        process.start()

    def stop(self) -> None:
        """Ask all to finish what they have in hand; end by force what does not."""
        self._stopping.set()
        with self._lock:
            children = [process.child for process in self._managed.values() if process.child and process.child.poll() is None]
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(signal.SIGCONT)
                    child.terminate()
            deadline = time.monotonic() + STOP_SECONDS_MAX
            for child in children:
                try:
                    child.wait(max(deadline - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
