"""The servers in containers, where there are no local ones and an engine is reachable."""

import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from elcorp_local.backing import postgres as private_postgres
from elcorp_local.backing import rabbitmq as private_rabbitmq
from elcorp_local.backing import redis as private_redis
from elcorp_local.backing.process import START_SECONDS_MAX, ServerFailed
from elcorp_local.ports import Ports


def is_reachable() -> bool:
    return bool(shutil.which("docker")) and _docker("info").returncode == 0


def postgres(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:
    password = _kept_password(folder)
    options = ["-e", f"POSTGRES_PASSWORD={password}", "-p", f"127.0.0.1:{ports.postgres}:5432"]
    url = f"postgresql://postgres:{password}@127.0.0.1:{ports.postgres}/postgres"
    command = ["-c", "max_connections=300", *(["-c", "fsync=off"] if fast else [])]
    stop = _run("postgres:17-bookworm", folder, "postgres", options, command, lambda: private_postgres._answers(url))  # noqa: SLF001
    return {"postgres_url": url}, stop


def rabbitmq(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:  # noqa: ARG001
    options = ["-p", f"127.0.0.1:{ports.rabbitmq}:5672", "-p", f"127.0.0.1:{ports.rabbitmq_management}:15672"]
    options += ["--hostname", "elcorp-local"]
    urls = private_rabbitmq.urls(ports)
    management = urls["rabbitmq_management_url"]
    stop = _run("rabbitmq:4.1-management", folder, "rabbitmq", options, [], lambda: private_rabbitmq.is_healthy(management))
    return urls, stop


def redis(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:  # noqa: ARG001
    options = ["-p", f"127.0.0.1:{ports.redis}:6379"]
    stop = _run("redis:7.4-bookworm", folder, "redis", options, [], lambda: private_redis._answers(ports.redis))  # noqa: SLF001
    return private_redis.urls(ports), stop


def _run(
    image: str, folder: Path, name: str, options: list[str], command: list[str], ready: Callable[[], bool]
) -> Callable[[], None]:
    container = f"elcorp-{name}-{folder.absolute().as_posix().strip('/').replace('/', '-')}"[:120]
    _docker("rm", "-f", container)
    mount = {"postgres": "/var/lib/postgresql/data", "rabbitmq": "/var/lib/rabbitmq", "redis": "/data"}[name]
    # A volume of its own keeps the data when the container is made anew with other ports.
    started = _docker("run", "-d", "--name", container, "-v", f"{container}:{mount}", *options, image, *command)
    if started.returncode:
        raise ServerFailed(f"docker run {image} failed: {started.stderr.strip()}")
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready():
        if time.monotonic() > deadline:
            raise ServerFailed(f"{image} did not answer in time:\n{_docker('logs', '--tail', '15', container).stdout}")
        time.sleep(0.2)
    return lambda: _stop(container)


def _stop(container: str) -> None:
    _docker("stop", container)
    _docker("rm", container)


def _docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607  # found on PATH on purpose


def _kept_password(folder: Path) -> str:
    file = folder / "postgres" / "password"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_text(secrets.token_urlsafe(24))
        file.chmod(0o600)
    return file.read_text()
