import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from elcorp_local import pids, restarts
from elcorp_local import supervisor as supervising
from elcorp_local.supervisor import Managed, ProcessDied, Supervisor

NOWHERE = "http://127.0.0.1:9/readyz"


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
        pass


@pytest.fixture
def ready_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/readyz"
    server.shutdown()
    server.server_close()


def process(folder: Path, code: str, url: str, name: str = "one") -> Managed:
    return Managed(name, [sys.executable, "-c", code], {}, folder, url)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_dies_is_restarted(tmp_path: Path, ready_url: str) -> None:
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([process(tmp_path, "import time; time.sleep(600)", ready_url)])
    supervisor.wait_ready(["one"], seconds_max=120)
    supervisor.watch()
    first = supervisor.processes["one"]
    pid = first.pid
    assert first.child is not None
    first.child.kill()
    eventually(lambda: first.pid != pid)
    supervisor.stop()
    assert first.child.poll() is not None


def test_a_process_that_keeps_dying_is_no_longer_restarted_and_reported(
    tmp_path: Path, ready_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "DELAY_SECONDS_MAX", 0.1)
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.start([process(tmp_path, "import sys; sys.exit('no database')", ready_url)])
    supervisor.watch()
    assert supervisor.gave_up.wait(120)
    supervisor.stop()
    assert "giving up" in said[-1]
    assert "no database" in said[-1]


def test_the_error_names_a_process_that_ends_during_the_start_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([process(tmp_path, "import sys; sys.exit('no database')", NOWHERE)])
    with pytest.raises(ProcessDied, match=r"(?s)one ended with status 1.*no database"):
        supervisor.wait_ready(["one"], seconds_max=120)
    supervisor.stop()


def test_processes_stop_in_their_order_and_leave_no_pid_file(tmp_path: Path, ready_url: str) -> None:
    order = tmp_path / "order"
    code = f"import signal, sys, time; signal.signal(15, lambda *_: (open({str(order)!r}, 'a').write('{{0}}'), sys.exit()))"
    code += "; open({1!r}, 'w').close(); time.sleep(600)"
    supervisor = Supervisor(lambda _line: None)
    processes = []
    for number, name in ((2, "relay"), (0, "gateway"), (1, "service")):
        one = process(tmp_path, code.format(number, str(tmp_path / f"{name}.up")), ready_url, name)
        one.stop_order = number
        processes.append(one)
    supervisor.start(processes)
    eventually(lambda: len(list(tmp_path.glob("*.up"))) == 3)
    supervisor.stop()
    assert order.read_text() == "012"
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.parametrize("in_a_hurry", [True, False])
def test_a_process_that_does_not_stop_is_killed_after_a_limit_or_at_once_on_request(
    tmp_path: Path, ready_url: str, monkeypatch: pytest.MonkeyPatch, in_a_hurry: bool
) -> None:
    monkeypatch.setattr(supervising, "STOP_SECONDS_MAX", 600 if in_a_hurry else 0.5)
    said: list[str] = []
    up = tmp_path / "up"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(up)!r}, 'w').close(); time.sleep(600)"
    supervisor = Supervisor(said.append)
    supervisor.start([process(tmp_path, code, ready_url)])
    eventually(up.exists)
    if in_a_hurry:
        threading.Timer(0.3, supervisor.hurry).start()
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < 300
    assert supervisor.processes["one"].ended_with() == -signal.SIGKILL
    assert said == ["one did not stop in time; killing it"]


def test_the_error_names_a_process_that_is_not_ready_within_a_limit(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([process(tmp_path, "import time; print('waiting for postgres', flush=True); time.sleep(600)", NOWHERE)])
    eventually(lambda: "waiting" in supervisor.processes["one"].tail())
    with pytest.raises(ProcessDied, match=r"(?s)one not ready after 0.2 s.*waiting for postgres"):
        supervisor.wait_ready(["one"], seconds_max=0.2)
    supervisor.stop()


def test_a_running_process_is_found_by_its_pid_file(tmp_path: Path, ready_url: str) -> None:
    one = process(tmp_path, "import time; time.sleep(600)", ready_url)
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([one])
    assert pids.running(one.pid_file) == one.pid
    supervisor.stop()
