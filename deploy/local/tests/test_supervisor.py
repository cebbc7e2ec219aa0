import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from elcorp_local.supervisor import Managed, ProcessDied, Supervisor


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
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_dies_is_started_again(tmp_path: Path, ready_url: str) -> None:
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([process(tmp_path, "import time; time.sleep(60)", ready_url)])
    supervisor.wait_ready(["one"], seconds_max=5)
    supervisor.watch()
    first = supervisor.processes["one"]
    pid = first.pid
    assert first.child is not None
    first.child.kill()
    eventually(lambda: first.pid != pid)
    supervisor.stop()
    assert first.child.poll() is not None


def test_a_process_that_keeps_dying_is_given_up_loudly(tmp_path: Path, ready_url: str) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.start([process(tmp_path, "import sys; sys.exit('no database')", ready_url)])
    supervisor.watch()
    assert supervisor.gave_up.wait(20)
    supervisor.stop()
    assert "giving up" in said[-1]
    assert "no database" in said[-1]


def test_a_process_that_ends_during_the_start_is_named_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _line: None)
    supervisor.start([process(tmp_path, "import sys; sys.exit('no database')", "http://127.0.0.1:9/readyz")])
    with pytest.raises(ProcessDied, match=r"(?s)one ended with status 1.*no database"):
        supervisor.wait_ready(["one"], seconds_max=10)
    supervisor.stop()
