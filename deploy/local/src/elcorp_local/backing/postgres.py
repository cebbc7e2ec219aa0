"""A private PostgreSQL from the distribution's binaries."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from elcorp_local.backing.process import ServerProcess
from elcorp_local.ports import Ports


def binaries() -> Path | None:
    """Find the newest PostgreSQL's folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def start(folder: Path, ports: Ports, *, fast: bool) -> tuple[dict[str, str], Callable[[], None]]:
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("postgres")
    home = _home(folder / "postgres")
    user = _unprivileged() if os.geteuid() == 0 else None
    if user:
        os.chown(home, *user)
    password_file = home / "password"
    if not password_file.exists():
        password_file.write_text(secrets.token_urlsafe(24))
        password_file.chmod(0o600)
        if user:
            os.chown(password_file, *user)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)  # a first start that was cut off
        _init(programs, data, password_file, user)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(ports.postgres),
        "unix_socket_directories": "",
        "max_connections": "300",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        **({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"} if fast else {}),
    }
    arguments = [f"-c{name}={value}" for name, value in options.items()]
    server = ServerProcess(
        "postgres", home, [str(programs / "postgres"), "-D", str(data), *arguments], user=user, stop_signal=signal.SIGINT
    )
    server.start()
    url = f"postgresql://postgres:{password_file.read_text()}@127.0.0.1:{ports.postgres}/postgres"
    try:
        server.wait_ready(lambda: _answers(url))
    except BaseException:
        server.stop()
        raise
    return {"postgres_url": url}, server.stop


def _init(programs: Path, data: Path, password_file: Path, user: tuple[int, int] | None) -> None:
    uid, gid = user or (None, None)
    command = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password_file}", "-A", "scram-sha-256"]
    subprocess.run(  # noqa: S603  # our own command
        [*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"],
        check=True,
        capture_output=True,
        user=uid,
        group=gid,
        extra_groups=[] if uid else None,
        cwd=data.parent,
    )


def _answers(url: str) -> bool:
    import psycopg  # noqa: PLC0415  # the package is imported before anything is installed

    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _home(wanted: Path) -> Path:
    """Choose a folder that PostgreSQL's unprivileged user can reach: below /root it could not."""
    reachable = os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in wanted.absolute().parents if parent.exists())
    home = wanted if reachable else Path("/var/lib/elcorp-local") / sha256(str(wanted.absolute()).encode()).hexdigest()[:12]
    home.mkdir(parents=True, exist_ok=True)
    if home != wanted:
        wanted.mkdir(parents=True, exist_ok=True)
        (wanted / "moved-to").write_text(str(home))
    return home


def _unprivileged() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
