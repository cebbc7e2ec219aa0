"""The servers in containers, if there are no local ones and a Docker engine is available."""

import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from elcorp_local.backing import postgres as private_postgres
from elcorp_local.backing import rabbitmq as private_rabbitmq
from elcorp_local.backing import redis as private_redis
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import START_SECONDS_MAX, Server, ServerFailed
from elcorp_local.port_numbers import Ports

COMMAND_SECONDS_MAX = 60
PULL_SECONDS_MAX = 600
_DATA = {"postgres": "/var/lib/postgresql/data", "rabbitmq": "/var/lib/rabbitmq", "redis": "/data"}


def is_reachable() -> bool:
    return bool(shutil.which("docker")) and _docker("info").returncode == 0


def postgres(folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server:
    _refuse("postgres", certificates)
    password = _kept_password(folder)
    url = f"postgresql://postgres:{password}@127.0.0.1:{ports.postgres}/postgres"
    options = ["-e", f"POSTGRES_PASSWORD={password}", "-p", f"127.0.0.1:{ports.postgres}:5432"]
    image = ["postgres:17-bookworm", "postgres", "-c", "max_connections=500", *(["-c", "fsync=off"] if fast else [])]
    stop = _run(folder, "postgres", [*options, *image], lambda: private_postgres.answers(url))
    return Server({"postgres_url": url}, stop, _always)


def rabbitmq(
    folder: Path,
    ports: Ports,
    *,
    fast: bool,  # noqa: ARG001  # RabbitMQ has no such choice
    certificates: ServerCertificates | None = None,
) -> Server:
    _refuse("rabbitmq", certificates)
    options = ["-p", f"127.0.0.1:{ports.rabbitmq}:5672", "-p", f"127.0.0.1:{ports.rabbitmq_management}:15672"]
    urls = private_rabbitmq.urls(ports)
    # The data belongs to the node's name, which is the host name.
    image = ["--hostname", "elcorp-local", "rabbitmq:4.1-management"]
    ready = lambda: private_rabbitmq.is_healthy(urls["rabbitmq_management_url"])  # noqa: E731  # beside its siblings
    return Server(urls, _run(folder, "rabbitmq", [*options, *image], ready), _always)


def redis(folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server:
    _refuse("redis", certificates)
    options = ["-p", f"127.0.0.1:{ports.redis}:6379"]
    image = ["redis:7.4-bookworm", "--appendonly", "no" if fast else "yes", "--save", ""]
    stop = _run(folder, "redis", [*options, *image], lambda: private_redis.answers(ports.redis))
    return Server(private_redis.urls(ports), stop, _always)


def stop_leftover(folder: Path, name: str) -> None:
    _stop(_container(folder, name))


def remove_data(folder: Path) -> None:
    """Remove the volumes of this folder's containers, if it ever had any."""
    for name in _DATA:
        if (marker := _marker(folder, name)).exists():
            _docker("volume", "rm", "--force", _container(folder, name))
            marker.unlink()


def _refuse(name: str, certificates: ServerCertificates | None) -> None:
    if certificates:
        raise ServerFailed(f"{name} in a container takes no certificate; install its package")


def _always() -> bool:
    return True  # the engine restarts what dies


def _run(folder: Path, name: str, arguments: list[str], ready: Callable[[], bool]) -> Callable[[], None]:
    container = _container(folder, name)
    marker = _marker(folder, name)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    # A separate volume keeps the data when the container is recreated with other ports.
    kept = ["--name", container, "--volume", f"{container}:{_DATA[name]}", "--restart", "on-failure:5"]
    started = _docker("run", "--detach", *kept, *arguments, seconds_max=PULL_SECONDS_MAX)
    if started.returncode:
        _stop(container)
        raise ServerFailed(f"docker run for {name} failed: {started.stderr.strip()}")
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready():
        if time.monotonic() > deadline:
            shown = _docker("logs", "--tail", "15", container)
            _stop(container)
            raise ServerFailed(f"{name} in {container} did not answer in time:\n{shown.stdout}{shown.stderr}")
        time.sleep(0.2)
    return lambda: _stop(container)


def _stop(container: str) -> None:
    _docker("stop", container)
    _docker("rm", "--force", container)


def _container(folder: Path, name: str) -> str:
    where = folder.absolute().as_posix().strip("/").replace("/", "-")
    return f"elcorp-{name}-{where.replace('.', '')}"[-120:].lstrip("-")


def _marker(folder: Path, name: str) -> Path:
    return folder / name / "in-docker"


def _docker(*arguments: str, seconds_max: float = COMMAND_SECONDS_MAX) -> "subprocess.CompletedProcess[str]":
    command = ["docker", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds_max)  # noqa: S603  # our own
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"{' '.join(command[:2])} took longer than {seconds_max:g} s")


def _kept_password(folder: Path) -> str:
    file = folder / "postgres" / "password-in-docker"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()
