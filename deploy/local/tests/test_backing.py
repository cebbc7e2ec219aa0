import base64
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import ConnectionError as RedisAway
from redis import Redis

from chassis.testing.certificates import Authority
from elcorp_local import databases, pids, secrets
from elcorp_local.backing import Backing, Ports, ServerCertificates, postgres, rabbitmq, start_backing
from elcorp_local.backing.process import ServerFailed, ServerProcess
from elcorp_local.backing.rabbitmq import is_healthy
from elcorp_local.port_numbers import SERVICES, PortTaken, require_free

# In the format of /proc/net/tcp and tcp6: 127.0.0.1, ::1, ::ffff:127.0.0.1.
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


def test_private_servers_keep_their_data_and_can_be_stopped_one_by_one(tmp_path: Path) -> None:
    ports = Ports.free()
    with start_backing(tmp_path, ports=ports, fast=True) as backing:
        kept, _ = secrets.load_or_create(tmp_path / "secrets.env")
        assert not databases.exist(backing.postgres_url)
        databases.provide(backing.postgres_url, kept)
        databases.provide(backing.postgres_url, kept)  # again changes nothing
        assert databases.exist(backing.postgres_url)
        for service in SERVICES:
            with psycopg.connect(databases.url(backing.postgres_url, service, "owner", kept)) as connection:
                connection.execute("CREATE TABLE kept (id integer)")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(databases.url(backing.postgres_url, "payments", "app", kept).removesuffix("payments") + "identity")
        assert is_healthy(backing.rabbitmq_management_url)
        ask_broker(backing.rabbitmq_management_url, "PUT", "/api/vhosts/kept")
        backing.stop_server("redis")
        with pytest.raises(RedisAway):
            Redis.from_url(backing.redis_url).ping()
        backing.start_server("redis")
        assert Redis.from_url(backing.redis_url).ping()
        with pytest.raises(PortTaken, match=rf"port {ports.postgres} \(postgres\) is taken"):
            require_free("postgres", ports.postgres)
    assert not is_healthy(backing.rabbitmq_management_url)
    # Restarted with a certificate, they have the same data. All in one test, because starting the three takes eight seconds of
    # CPU.
    certificate, key, authority = Authority(tmp_path).issue("127.0.0.1").values()
    certificates = ServerCertificates(certificate, key, authority, tls_only=True)
    with (
        start_backing(tmp_path, ports=ports, fast=True, certificates=certificates) as backing,
        psycopg.connect(databases.url(backing.postgres_url, "payments", "owner", kept)) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert b"kept" in ask_broker(backing.rabbitmq_management_url, "GET", "/api/vhosts")
        take_tls_only(backing, authority)
        is_reached_from_this_machine_only(rabbitmq.home_of(tmp_path))


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    server = ServerProcess("broken", tmp_path, ["sh", "-c", "echo no such configuration; exit 3"])
    server.start()
    with pytest.raises(ServerFailed, match=r"(?s)ended with status 3.*no such configuration"):
        server.wait_ready(lambda: False)
    server.stop()


def test_a_missing_broker_is_not_healthy() -> None:
    assert not is_healthy(f"http://guest:guest@127.0.0.1:{Ports.free().rabbitmq_management}")


def test_a_server_that_dies_is_restarted_with_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_LOCAL_RABBITMQ_URL", "amqp://elsewhere")
    said: list[str] = []
    with start_backing(tmp_path, ports=Ports.free(), say=said.append) as backing:
        backing.watch(said.append)
        Redis.from_url(backing.redis_url).set("revoked", "yes")
        with psycopg.connect(backing.postgres_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        for name in ("redis", "postgres"):
            os.kill(pid_of(tmp_path, name), signal.SIGKILL)
        eventually(lambda: {"redis is up again", "postgres is up again"} <= set(said))
        assert Redis.from_url(backing.redis_url).get("revoked") == b"yes"
        with psycopg.connect(backing.postgres_url) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_all_broker_processes_of_a_killed_runner_are_ended(tmp_path: Path) -> None:
    ports = Ports.free()
    broker = rabbitmq.start(tmp_path, ports, fast=True)
    # The runner is killed, and so is the script that started the node: only the node and its port mapper are left.
    os.kill(pid_of(tmp_path, "rabbitmq"), signal.SIGKILL)
    assert is_healthy(rabbitmq.urls(ports)["rabbitmq_management_url"])
    rabbitmq.stop_leftover(tmp_path)
    for name in ("rabbitmq", "rabbitmq_management", "rabbitmq_dist", "epmd"):
        require_free(name, getattr(ports, name))
    broker.stop()


def test_postgresql_starts_despite_a_stale_lock_with_another_process_pid(tmp_path: Path) -> None:
    ports = Ports.free()
    postgres.start(tmp_path, ports, fast=True).stop()
    data = postgres.home_of(tmp_path / "postgres") / "data"
    owner = data.stat()
    with subprocess.Popen(["/bin/sleep", "600"], user=owner.st_uid) as stranger:
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n")
        postgres.stop_leftover(tmp_path)
        postgres.start(tmp_path, ports, fast=True).stop()
        assert stranger.poll() is None
        stranger.kill()


def test_data_of_a_removed_checkout_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ELSEWHERE", tmp_path / "elsewhere")
    for name, exists in (("here", True), ("gone", False)):
        home, checkout = tmp_path / "elsewhere" / name, tmp_path / name
        home.mkdir(parents=True)
        (home / "belongs-to").write_text(str(checkout))
        if exists:
            checkout.mkdir()
            (checkout / "moved-to").write_text(str(home))
    postgres.sweep()
    assert [entry.name for entry in (tmp_path / "elsewhere").iterdir()] == ["here"]


def take_tls_only(backing: Backing, authority: Path) -> None:
    psycopg.connect(backing.postgres_url, sslmode="verify-full", sslrootcert=str(authority)).close()
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(backing.postgres_url, sslmode="disable")
    assert (backing.rabbitmq_url, backing.redis_url) == (backing.rabbitmq_tls_url, backing.redis_tls_url)
    with Redis.from_url(backing.redis_url, ssl_ca_certs=str(authority)) as redis:
        assert redis.ping()
    broker = urlsplit(backing.rabbitmq_url)
    context = ssl.create_default_context(cafile=authority)
    with (
        socket.create_connection((str(broker.hostname), broker.port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=broker.hostname) as secure,
    ):
        secure.sendall(b"AMQP\0\0\x09\x01")
        assert secure.recv(1)


def is_reached_from_this_machine_only(home: Path) -> None:
    """Check the distribution port and the port mapper too."""
    listening = addresses_of(home)
    assert len(listening) >= 4
    assert set(listening) <= LOOPBACK


def addresses_of(home: Path) -> list[str]:
    """Return the addresses on which the processes of this HOME listen, in the kernel's format."""
    mine = f"HOME={home}".encode()
    inodes = {inode for process in Path("/proc").glob("[0-9]*") if has(process, mine) for inode in sockets_of(process)}
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return [row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


def has(process: Path, variable: bytes) -> bool:
    try:
        return variable in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def sockets_of(process: Path) -> Iterator[str]:
    for descriptor in (process / "fd").iterdir():
        with suppress(OSError):
            yield str(descriptor.readlink())


def ask_broker(management_url: str, method: str, path: str) -> bytes:
    parts = urlsplit(management_url)
    credentials = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=10)) as connection:
        connection.request(method, path, headers={"Authorization": f"Basic {credentials}"})
        response = connection.getresponse()
        assert response.status < 300, response.status
        return response.read()


def pid_of(folder: Path, name: str) -> int:
    home = postgres.home_of(folder / name) if name == "postgres" else folder / name
    pid = pids.running(home / f"{name}.pid")
    assert pid is not None
    return pid


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
