import argparse
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.run.command_line import _dead_letters

DOORS = Path(__file__).parent / "doors.py"


def doors(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"ELCORP_{name.upper()}": value for name, value in settings.items()}}
    return subprocess.run(  # noqa: S603  # our own script
        [sys.executable, str(DOORS), *arguments], check=False, capture_output=True, text=True, env=environment, timeout=300
    )


def test_help_names_every_command():
    answer = doors("--help")
    assert answer.returncode == 0
    for command in ("serve", "work", "migrate", "jobs", "dead-letters", "whoami"):
        assert command in answer.stdout


def test_an_unknown_command_is_a_usage_error():
    assert doors("open").returncode == 2


def test_an_invalid_setting_is_named_and_its_value_is_not_shown():
    answer = doors("serve", rest_port="hunter2")
    assert answer.returncode == 2
    assert "ELCORP_REST_PORT" in answer.stderr
    assert "hunter2" not in answer.stderr


def test_a_placeholder_secret_is_refused_outside_local():
    answer = doors("serve", environment="production", database_url="postgresql://app:changeme@db/doors")
    assert answer.returncode == 2
    assert "placeholder" in answer.stderr


def test_a_process_without_an_environment_does_not_start_with_local_defaults(monkeypatch):
    monkeypatch.delenv("ELCORP_ENVIRONMENT")
    answer = doors("whoami")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "ELCORP_BACKING_CA_FILE is not set; production connects" in answer.stderr


@pytest.mark.parametrize("command", ["serve", "whoami"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unreadable_authority_is_named_at_the_start(tmp_path, command, content):
    file = tmp_path / "ca.crt"
    if content:
        file.write_text(content)
    answer = doors(command, backing_ca_file=str(file))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"ELCORP_BACKING_CA_FILE: no certificate authority in {file}" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("command", "missing"),
    [("serve", "URL"), ("work", "RELAY_URL"), ("jobs", "URL"), ("migrate", "OWNER_URL")],
)
def test_a_missing_database_url_is_named(command, missing):
    answer = doors(command, database_url="", database_relay_url="", database_owner_url="")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"doors-{command}: ELCORP_DATABASE_{missing} is not set: postgresql://" in answer.stderr


def test_an_unknown_variable_is_refused():
    answer = doors("serve", databse_url="x")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "doors-serve: ELCORP_DATABSE_URL is not a setting; did you mean ELCORP_DATABASE_URL?" in answer.stderr.splitlines()


def test_a_services_own_command_returns_its_own_exit_code():
    answer = doors("whoami")
    assert answer.returncode == 3
    assert answer.stdout.startswith("doors ")


def test_a_workers_modules_import_no_web_framework():
    script = f"""
import runpy, sys
module = runpy.run_path({str(DOORS)!r})
import chassis.run.work, chassis.jobs, chassis.messaging.consumer, chassis.messaging.relay
sys.exit(1 if {{'fastapi', 'starlette', 'alembic', 'aiohttp', 'redis'}} & set(sys.modules) else 0)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["list"], {}),
        (["show"], {}),
        (["redrive", "--queue", "doors.identity"], {"queue": "doors.identity"}),
        (["discard", "--id", "m-1", "--limit", "7"], {"id": "m-1", "limit": 7}),
    ],
)
def test_dead_letters_are_of_every_queue_and_a_hundred_by_default(given: list[str], read: dict[str, Any]) -> None:
    parser = argparse.ArgumentParser()
    _dead_letters(SimpleNamespace(name="doors")).configure(parser)  # type: ignore[arg-type]  # only its name is used
    defaults = {"action": given[0], "queue": None, "limit": 100, "id": None, "aggregate": None}
    assert vars(parser.parse_args(given)) == {**defaults, **read}


def test_the_reader_of_the_output_may_close_the_pipe() -> None:
    command = [sys.executable, str(DOORS), "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as answering:  # noqa: S603  # our own script
        assert answering.stdout is not None
        assert answering.stderr is not None
        answering.stdout.close()
        assert answering.stderr.read() == b""
        assert answering.wait(300) == 0
