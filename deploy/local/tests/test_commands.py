"""Commands of a service with the settings of its running process; a substitute program runs here instead of a service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from elcorp_local import pids

PROGRAM = """
import json, os, sys, time
if sys.argv[1:] == ["work"]:
    print(flush=True)
    time.sleep(600)
print(json.dumps([sys.argv[1:], {name: value for name, value in os.environ.items() if name.startswith("ELCORP_")}]))
sys.exit(7)
"""
SETTINGS = {
    "ELCORP_DATABASE_URL": "postgresql://payments_app:a@127.0.0.1:5433/payments",
    "ELCORP_MASTER_KEY": "two words and a = sign",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a running platform that has one process."""
    (tmp_path / "payments").mkdir()
    (tmp_path / "payments" / "__init__.py").touch()
    (tmp_path / "payments" / "__main__.py").write_text(PROGRAM)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "secrets.env").write_text("PAYMENTS_OWNER_PASSWORD=b\n")
    command = [sys.executable, "-m", "payments", "work"]
    environment = {"PYTHONPATH": str(tmp_path), **SETTINGS}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:  # noqa: S603  # the line above
        assert process.stdout is not None
        process.stdout.readline()
        pids.record(tmp_path / ".local" / "run" / "payments-work.pid", process.pid)
        try:
            yield tmp_path / ".local"
        finally:
            process.kill()


def make_do(folder: Path, checkout: Path, given: str) -> "subprocess.CompletedProcess[str]":
    makefile = (Path(__file__).parents[3] / "Makefile").read_text().replace("do: sync", "do:")
    (checkout / "Makefile").write_text(makefile)
    command = ["make", "do", "SERVICE=payments", f"PYTHON={sys.executable}", f"ARGS={given}"]
    # As from a shell, because a make that was started by another one prints the folder that it enters.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**inherited, "ELCORP_LOCAL_FOLDER": str(folder)}
    return subprocess.run(  # noqa: S603  # the line above
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def do(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "elcorp_local", "--folder", str(folder), "do", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603  # the line above


def test_a_command_gets_the_running_process_settings_and_returns_its_exit_status(folder: Path) -> None:
    ended = do(folder, "payments", "ledger", "verify", "--help")
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout == f'[["ledger", "verify", "--help"], {str(SETTINGS).replace(chr(39), chr(34))}]\n'


def test_arguments_with_spaces_quotes_and_signs_pass_through_make(folder: Path, tmp_path: Path) -> None:
    ended = make_do(folder, tmp_path, """unlock --email "a b" --reason 'it''s $HOME; echo `id` *'""")
    assert '["unlock", "--email", "a b", "--reason", "its $HOME; echo `id` *"]' in ended.stdout, ended.stderr
    assert "Error 7" in ended.stderr


def test_arguments_that_begin_with_a_dash_are_passed_to_the_command(folder: Path, tmp_path: Path) -> None:
    ended = make_do(folder, tmp_path, "--help")
    assert ended.stdout.startswith('[["--help"], {"ELCORP_'), ended.stderr


def test_arguments_with_an_open_quote_are_refused_with_a_message(folder: Path) -> None:
    ended = do(folder, "--line=unlock --reason 'it", "payments")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "No closing quotation" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_migration_gets_the_owners_url(folder: Path) -> None:
    assert "postgresql://payments_owner:b@127.0.0.1:5433/payments" in do(folder, "payments", "migrate").stdout
    assert "payments_owner" not in do(folder, "payments", "dead-letters", "list").stdout


def test_without_a_command_the_help_is_shown(folder: Path) -> None:
    assert do(folder, "payments").stdout.startswith('[["--help"]')


def test_the_error_names_a_platform_that_does_not_run(tmp_path: Path) -> None:
    ended = do(tmp_path, "payments", "ledger", "verify")
    assert ended.returncode == 1
    assert "payments does not run" in ended.stderr
    assert "make run" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_error_names_a_process_that_ends_during_the_read() -> None:
    with subprocess.Popen(["true"]) as process:  # noqa: S607  # of the system
        process.wait()
    with pytest.raises(pids.Ended, match=str(process.pid)):
        pids.environment_of(process.pid)
