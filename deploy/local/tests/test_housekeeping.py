"""Locks, pid files, logs and replaced files, which keep runs from disturbing each other."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from elcorp_local import logs, pids
from elcorp_local.backing.packages import replaced
from elcorp_local.cleaning import clean
from elcorp_local.locks import FolderLock, InUse


@pytest.fixture
def sleeper() -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as child:
        yield child
        child.kill()


def test_a_second_runner_on_a_folder_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    held = FolderLock(tmp_path / "platform.lock")
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}"):
        FolderLock(tmp_path / "platform.lock")
    held.release()
    FolderLock(tmp_path / "platform.lock").release()


def test_a_killed_runner_holds_no_lock(tmp_path: Path) -> None:
    code = f"from elcorp_local.locks import *; f = FolderLock(Path({str(tmp_path / 'one.lock')!r})); os.kill(os.getpid(), 9)"
    ended = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603  # the code above
    assert ended.returncode == -signal.SIGKILL
    FolderLock(tmp_path / "one.lock").release()


def test_a_folder_in_use_is_not_cleaned(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").touch()
    held = FolderLock(tmp_path / "platform.lock")
    with pytest.raises(InUse):
        clean(tmp_path)
    assert (tmp_path / "secrets.env").exists()
    held.release()


def test_cleaning_removes_all_but_the_tools_and_ends_leftover_processes(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    (tmp_path / "uv").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "secrets.env").touch()
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "moved-to").write_text(str(elsewhere))
    pids.record(tmp_path / "run" / "one.pid", sleeper.pid)
    clean(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["uv"]
    assert not elsewhere.exists()
    assert sleeper.wait(60) == -signal.SIGTERM
    clean(tmp_path / "never-used")


def test_leftover_processes_are_ended_and_another_with_the_same_pid_is_not(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    file = tmp_path / "one.pid"
    pids.record(file, sleeper.pid)
    pid, started_at = file.read_text().split()
    file.write_text(f"{pid} {int(started_at) + 1}")
    pids.end_leftover(file, signal.SIGTERM, seconds_max=60)
    assert sleeper.poll() is None
    pids.record(file, sleeper.pid)
    assert pids.running(file) == sleeper.pid
    pids.end_leftover(file, signal.SIGTERM, seconds_max=60)
    assert sleeper.wait(60) == -signal.SIGTERM
    assert not file.exists()


def test_a_process_that_does_not_end_when_asked_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = ["/bin/sh", "-c", "trap '' TERM; echo x; while true; do sleep 1; done"]
    with subprocess.Popen(stubborn, stdout=subprocess.PIPE, start_new_session=True) as child:  # noqa: S603  # the line above
        assert child.stdout is not None
        child.stdout.read(1)
        pids.record(tmp_path / "one.pid", child.pid)
        pids.end_leftover(tmp_path / "one.pid", signal.SIGTERM, seconds_max=0.3)
        assert child.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("text", ["", "12", "12 34 56", "x y"])
def test_a_damaged_pid_file_names_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.pid").write_text(text)
    assert pids.running(tmp_path / "one.pid") is None


def test_a_long_log_is_renamed_at_the_next_start_and_its_end_is_read_cheaply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "logs" / "one.log"
    assert logs.tail(log) == "(no log)"
    with logs.open_log(log) as file:
        file.write(b"".join(b"line %d\n" % number for number in range(10_000)))
    assert logs.tail(log, 2) == "line 9998\nline 9999"
    monkeypatch.setattr(logs, "KEEP_BYTES_MAX", 1000)
    with logs.open_log(log) as file:
        assert file.tell() == 0
    assert log.with_suffix(".log.1").stat().st_size > 1000


def test_a_replaced_file_is_restored_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "policy-rc.d"
    file.write_text("mine")
    file.chmod(0o700)
    with pytest.raises(RuntimeError), replaced(file, "exit 101", mode=0o755):
        assert (file.read_text(), file.stat().st_mode & 0o777) == ("exit 101", 0o755)
        raise RuntimeError
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("mine", 0o700)


def test_a_file_that_did_not_exist_is_removed_again(tmp_path: Path) -> None:
    with replaced(tmp_path / "new" / "policy-rc.d", "exit 101", mode=0o755):
        assert (tmp_path / "new" / "policy-rc.d").exists()
    assert not (tmp_path / "new" / "policy-rc.d").exists()


def test_an_interrupted_replacement_is_repaired(tmp_path: Path) -> None:
    file = tmp_path / "policy-rc.d"
    file.write_text("exit 101")
    file.with_name("policy-rc.d.before-elcorp").write_text("mine")
    with replaced(file, "exit 101", mode=0o755):
        pass
    assert file.read_text() == "mine"
