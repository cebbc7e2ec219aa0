import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from elcorp_local import pids
from elcorp_local.port_numbers import Ports, setting

COMMANDS = ("run", "journey", "do", "backing", "status", "clean", "bench")


def elcorp_local(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "elcorp_local", "--folder", str(folder / ".local"), *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith("ELCORP_")}
    return subprocess.run(  # noqa: S603  # the line above
        command, cwd=folder, env={**given, **(environment or {})}, capture_output=True, text=True, timeout=300, check=False
    )


def settings_of(ports: Ports, *names: str) -> dict[str, str]:
    """Return the settings of all ports that a command uses; otherwise it would use another platform's."""
    return {setting(name): str(getattr(ports, name)) for name in names}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    shown = elcorp_local(command, "--help", folder=tmp_path)
    assert shown.returncode == 0
    assert f"elcorp_local {command}" in shown.stdout


def test_a_port_in_use_stops_the_run_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        ended = elcorp_local("run", folder=tmp_path, environment={"ELCORP_LOCAL_GATEWAY_PORT": taken})
    assert ended.returncode == 1
    assert f"port {taken} (gateway) is taken by process {os.getpid()}" in ended.stderr
    assert "ELCORP_LOCAL_GATEWAY_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / ".local" / "postgres").exists()


def test_the_error_names_a_configured_postgresql_that_cannot_be_reached(tmp_path: Path) -> None:
    ports = Ports.free()
    away = {
        "ELCORP_LOCAL_POSTGRES_URL": f"postgresql://postgres:secret-word@127.0.0.1:{ports.postgres}/postgres",
        "ELCORP_LOCAL_RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/",
        "ELCORP_LOCAL_REDIS_URL": "redis://127.0.0.1:1/0",
        **settings_of(ports, "gateway", "gateway_ops", "rest", "grpc", "serve", "work", "jobs"),
    }
    ended = elcorp_local("run", folder=tmp_path, environment=away)
    assert ended.returncode == 1
    assert f"PostgreSQL at 127.0.0.1:{ports.postgres}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret-word" not in ended.stderr


def test_status_without_a_platform_says_that_nothing_runs(tmp_path: Path) -> None:
    ports = settings_of(Ports.free(), "gateway_ops", "serve", "work", "jobs")
    shown = elcorp_local("status", folder=tmp_path, environment=ports)
    assert shown.returncode == 1
    assert shown.stdout.count("not running") == 13


def test_status_shows_the_replicas_of_a_platform_and_those_that_have_died(tmp_path: Path) -> None:
    ports = settings_of(Ports.free(replicas=2), "gateway_ops", "serve", "work", "jobs")
    pids.record(tmp_path / ".local" / "run" / "gateway-2.pid", os.getpid())
    shown = elcorp_local("status", folder=tmp_path, environment=ports)
    states = {line.split()[0]: line.split(maxsplit=1)[1] for line in shown.stdout.splitlines()}
    assert len(states) == 26
    assert states["gateway-2"].startswith(f"not ready    pid {os.getpid()}")
    assert states["payments-serve-2"].startswith("not running")


@pytest.mark.parametrize("replicas", ["0", "4", "two"])
def test_an_impossible_number_of_replicas_is_refused(tmp_path: Path, replicas: str) -> None:
    assert elcorp_local("run", "--replicas", replicas, folder=tmp_path).returncode == 2


def test_a_closed_pipe_does_not_change_the_exit_status(tmp_path: Path) -> None:
    ports = settings_of(Ports.free(), "gateway_ops", "serve", "work", "jobs")
    command = [sys.executable, "-m", "elcorp_local", "--folder", str(tmp_path), "status"]
    with subprocess.Popen(  # noqa: S603  # the line above
        command, env={**os.environ, **ports}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait(300) == 1


def test_the_journey_needs_a_password(tmp_path: Path) -> None:
    ended = elcorp_local("journey", folder=tmp_path)
    assert ended.returncode == 1
    assert "ELCORP_ADMIN_PASSWORD" in ended.stderr


@pytest.mark.parametrize(("status", "environment"), [(0, {}), (3, {"FAIL": "3"})])
def test_the_journeys_result_is_the_exit_code(tmp_path: Path, status: int, environment: dict[str, str]) -> None:
    (tmp_path / "tests-e2e").mkdir()
    (tmp_path / "tests-e2e" / "journey.py").write_text(
        "import os, sys; print(sys.argv[1:], os.environ['ELCORP_ADMIN_PASSWORD']); sys.exit(int(os.environ.get('FAIL', 0)))"
    )
    given = {"ELCORP_ADMIN_PASSWORD": "from-the-environment", **environment}
    ended = elcorp_local("journey", "--url", "http://localhost:1", folder=tmp_path, environment=given)
    assert ended.returncode == status
    assert ended.stdout.splitlines()[-1] == "['--url', 'http://localhost:1'] from-the-environment"


def test_a_start_can_be_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "elcorp_local", "--folder", str(tmp_path), "backing"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as backing:  # noqa: S603
        redis = tmp_path / "backing" / "redis" / "redis.pid"
        deadline = time.monotonic() + 120
        while not redis.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        backing.send_signal(signal.SIGTERM)
        output, _ = backing.communicate(timeout=300)
    assert backing.returncode == 130, output
    assert "Traceback" not in output
    assert not list((tmp_path / "backing").glob("*/*.pid"))
