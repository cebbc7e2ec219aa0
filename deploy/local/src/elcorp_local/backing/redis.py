"""A private Redis; what it holds (limits, revocations) survives a restart."""

import shutil
import socket
from pathlib import Path

from elcorp_local.backing.process import Server, ServerProcess
from elcorp_local.ports import Ports


def program() -> str | None:
    return shutil.which("redis-server")


def start(folder: Path, ports: Ports, *, fast: bool) -> Server:
    binary = program()
    if binary is None:
        raise FileNotFoundError("redis-server")
    home = (folder / "redis").absolute()
    home.mkdir(parents=True, exist_ok=True)
    command = [binary, "--bind", "127.0.0.1", "--port", str(ports.redis), "--dir", str(home), "--daemonize", "no"]
    server = ServerProcess("redis", home, [*command, "--appendonly", "no" if fast else "yes", "--save", ""])
    server.start_and_wait(lambda: answers(ports.redis))
    return Server(urls(ports), server.stop, server.is_running)


def stop_leftover(folder: Path) -> None:
    ServerProcess("redis", (folder / "redis").absolute(), []).stop_leftover()


def urls(ports: Ports) -> dict[str, str]:
    return {"redis_url": f"redis://127.0.0.1:{ports.redis}/0"}


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
