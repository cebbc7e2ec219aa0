import socket
from pathlib import Path

import psycopg
import pytest
from redis import ConnectionError as RedisAway
from redis import Redis

from elcorp_local import databases, secrets
from elcorp_local.backing import Ports, start_backing
from elcorp_local.backing.process import ServerFailed, ServerProcess
from elcorp_local.backing.rabbitmq import is_healthy
from elcorp_local.ports import SERVICES, PortTaken, require_free


def test_private_servers_keep_their_data_and_can_fall_away_one_by_one(tmp_path: Path) -> None:
    ports = Ports.free()
    with start_backing(tmp_path, ports=ports, fast=True) as backing:
        kept, _ = secrets.load_or_create(tmp_path / "secrets.env")
        databases.provide(backing.postgres_url, kept)
        databases.provide(backing.postgres_url, kept)  # again changes nothing
        for service in SERVICES:
            with psycopg.connect(databases.url(backing.postgres_url, service, "owner", kept)) as connection:
                connection.execute("CREATE TABLE kept (id integer)")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(databases.url(backing.postgres_url, "payments", "app", kept).removesuffix("payments") + "identity")
        assert is_healthy(backing.rabbitmq_management_url)
        backing.stop_server("redis")
        with pytest.raises(RedisAway):
            Redis.from_url(backing.redis_url).ping()
        backing.start_server("redis")
        assert Redis.from_url(backing.redis_url).ping()
        with pytest.raises(PortTaken, match=rf"port {ports.postgres} \(postgres\) is taken by process .*postgres"):
            require_free("postgres", ports.postgres)
    assert not is_healthy(backing.rabbitmq_management_url)
    with (
        start_backing(tmp_path, ports=ports, fast=True) as backing,
        psycopg.connect(databases.url(backing.postgres_url, "payments", "owner", kept)) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_taken_port_is_named_with_its_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} \(redis\) is taken by process \d+ .*ELCORP_LOCAL_REDIS_PORT"):
            require_free("redis", port)


def test_a_server_that_ends_at_once_shows_what_it_said(tmp_path: Path) -> None:
    server = ServerProcess("broken", tmp_path, ["sh", "-c", "echo no such configuration; exit 3"])
    server.start()
    with pytest.raises(ServerFailed, match=r"(?s)ended with status 3.*no such configuration"):
        server.wait_ready(lambda: False)
    server.stop()


def test_what_a_killed_runner_left_is_stopped_and_a_stranger_with_its_pid_is_not(tmp_path: Path) -> None:
    first = ServerProcess("sleeper", tmp_path, ["sleep", "60"])
    first.start()
    assert first.child is not None
    leftover = ServerProcess("sleeper", tmp_path, [])
    pid, started_at = first.pid_file.read_text().split()
    first.pid_file.write_text(f"{pid} {int(started_at) + 1}")
    leftover.stop_leftover()
    assert first.child.poll() is None
    first.pid_file.write_text(f"{pid} {started_at}")
    leftover.stop_leftover()
    assert first.child.wait(5) != 0


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELCORP_ADMIN_PASSWORD", raising=False)
    made, new = secrets.load_or_create(tmp_path / "secrets.env")
    again, newly = secrets.load_or_create(tmp_path / "secrets.env")
    assert (new, newly) == (True, False)
    assert made == again
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600
    password = made["ELCORP_ADMIN_PASSWORD"]
    assert len(password) >= 16
    assert any(character in "!@#$%^&*" for character in password)


def test_the_administrators_password_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_ADMIN_PASSWORD", "Chosen-by-the-operator-1!")
    made, _ = secrets.load_or_create(tmp_path / "secrets.env")
    assert made["ELCORP_ADMIN_PASSWORD"] == "Chosen-by-the-operator-1!"


def test_a_broker_that_is_not_there_is_not_healthy() -> None:
    assert not is_healthy(f"http://guest:guest@127.0.0.1:{Ports.free().rabbitmq_management}")
