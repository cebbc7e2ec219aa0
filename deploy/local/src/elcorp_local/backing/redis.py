"""A private Redis; its data (limits, revocations) survives a restart."""

import shutil
import socket
import ssl
from pathlib import Path

from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import Server, ServerProcess
from elcorp_local.port_numbers import Ports


def program() -> str | None:
    return shutil.which("redis-server")


def start(folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server:
    binary = program()
    if binary is None:
        raise FileNotFoundError("redis-server")
    home = (folder / "redis").absolute()
    home.mkdir(parents=True, exist_ok=True)
    listening = _plain(ports) if certificates is None else _with_tls(ports, certificates)
    command = [binary, "--bind", "127.0.0.1", *listening, "--dir", str(home), "--daemonize", "no"]
    server = ServerProcess("redis", home, [*command, "--appendonly", "no" if fast else "yes", "--save", ""])
    port, authority = (ports.redis_tls, certificates.authority) if certificates else (ports.redis, None)
    server.start_and_wait(lambda: answers(port, authority))
    return Server(urls(ports, certificates), server.stop, server.is_running)


def stop_leftover(folder: Path) -> None:
    ServerProcess("redis", (folder / "redis").absolute(), []).stop_leftover()


def urls(ports: Ports, certificates: ServerCertificates | None = None) -> dict[str, str]:
    plain, tls = f"redis://127.0.0.1:{ports.redis}/0", f"rediss://127.0.0.1:{ports.redis_tls}/0"
    if certificates is None:
        return {"redis_url": plain}
    return {"redis_url": tls if certificates.tls_only else plain, "redis_tls_url": tls}


def answers(port: int, authority: Path | None = None) -> bool:
    """Whether Redis answers on a port, by TLS if its authority is given."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as plain, _wrapped(plain, authority) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _wrapped(connection: socket.socket, authority: Path | None) -> socket.socket:
    if authority is None:
        return connection
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = False  # clients may use another name for the server
    return context.wrap_socket(connection)


def _plain(ports: Ports) -> list[str]:
    return ["--port", str(ports.redis)]


def _with_tls(ports: Ports, certificates: ServerCertificates) -> list[str]:
    files = {"cert": certificates.certificate, "key": certificates.key, "ca-cert": certificates.authority}
    options = [part for name, file in files.items() for part in (f"--tls-{name}-file", str(file.absolute()))]
    plain = ["--port", "0"] if certificates.tls_only else _plain(ports)
    return [*plain, "--tls-port", str(ports.redis_tls), "--tls-auth-clients", "no", *options]
