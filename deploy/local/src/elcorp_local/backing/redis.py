"""A private Redis; what it holds (limits, revocations) survives a restart."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from elcorp_local.backing.process import ServerProcess
from elcorp_local.ports import Ports


def program() -> str | None:
    return shutil.which("redis-server")


def start(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:
    binary = program()
    if binary is None:
        raise FileNotFoundError("redis-server")
    home = (folder / "redis").absolute()
    home.mkdir(parents=True, exist_ok=True)
    command = [binary, "--bind", "127.0.0.1", "--port", str(ports.redis), "--dir", str(home), "--daemonize", "no"]
    server = ServerProcess("redis", home, [*command, "--appendonly", "no" if fast else "yes", "--save", ""])
    server.start()
    try:
        server.wait_ready(lambda: _answers(ports.redis))
    except BaseException:
        server.stop()
        raise
    return urls(ports), server.stop


def urls(ports: Ports) -> dict[str, str]:
    return {"redis_url": f"redis://127.0.0.1:{ports.redis}/0"}


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
