"""A private PostgreSQL from the distribution's binaries."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from hashlib import sha256
from pathlib import Path

from chassis.linux_processes import end_all
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import STOP_SECONDS_MAX, Server, ServerFailed, ServerProcess
from elcorp_local.port_numbers import Ports

INIT_SECONDS_MAX = 120
# Data of root's checkouts that PostgreSQL's unprivileged user cannot reach, such as below /root.
ELSEWHERE = Path("/var/lib/elcorp-local")
User = tuple[int, int]


def binaries() -> Path | None:
    """Find the program folder of the newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def start(folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server:
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("postgres")
    sweep()
    user = _unprivileged() if os.geteuid() == 0 else None
    home = _make_home(folder / "postgres", user)
    password_file = home / "password"
    if not password_file.exists():
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24))
        _give(password_file, user)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)  # a first start that was cut off
        _init(programs, data, password_file, user)
    options = {**_options(ports, fast=fast), **(_with_tls(home, certificates, user) if certificates else {})}
    command = [str(programs / "postgres"), "-D", str(data), *(f"-c{name}={value}" for name, value in options.items())]
    server = ServerProcess("postgres", home, command, user=user, stop_signal=signal.SIGINT)
    url = f"postgresql://postgres:{password_file.read_text()}@127.0.0.1:{ports.postgres}/postgres"
    server.start_and_wait(lambda: answers(url))
    return Server({"postgres_url": url}, server.stop, server.is_running)


def stop_leftover(folder: Path) -> None:
    """End this folder's PostgreSQL processes of a killed runner, the postmaster first, and remove the stale lock."""
    home = home_of(folder / "postgres")
    ServerProcess("postgres", home, [], stop_signal=signal.SIGINT).stop_leftover()
    data = home / "data"
    # Every process with the data folder as its working directory is ours: PostgreSQL processes have it, others have no reason to.
    end_all(lambda entry: (entry / "cwd").readlink() == data, signal.SIGINT, seconds_max=STOP_SECONDS_MAX)
    # PostgreSQL refuses to start if another process happens to have its old pid.
    (data / "postmaster.pid").unlink(missing_ok=True)


def sweep() -> None:
    """Remove data outside checkouts whose checkout no longer exists."""
    for belongs_to in ELSEWHERE.glob("*/belongs-to"):
        if not (Path(belongs_to.read_text()) / "moved-to").exists():
            shutil.rmtree(belongs_to.parent, ignore_errors=True)


def answers(url: str) -> bool:
    import psycopg  # noqa: PLC0415  # tests and tools look at this module without a database in sight

    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def home_of(wanted: Path) -> Path:
    """Return the actual data folder of the server that belongs at `wanted`."""
    moved_to = wanted / "moved-to"
    return Path(moved_to.read_text()) if moved_to.exists() else wanted.absolute()


def _options(ports: Ports, *, fast: bool) -> dict[str, str]:
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(ports.postgres),
        "unix_socket_directories": "",
        "max_connections": "500",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        **({"fsync": "off", "full_page_writes": "off"} if fast else {}),
    }


def _with_tls(home: Path, certificates: ServerCertificates, user: User | None) -> dict[str, str]:
    # Copy the files: PostgreSQL accepts a key only if its own user owns it and no other user can read it.
    certificate, key = home / "server.crt", home / "server.key"
    for file, source in ((certificate, certificates.certificate), (key, certificates.key)):
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(source.read_bytes())
        _give(file, user)
    options = {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
    if not certificates.tls_only:
        return options
    rules = home / "tls_only_hba.conf"
    rules.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    return {**options, "hba_file": str(rules)}


def _init(programs: Path, data: Path, password_file: Path, user: User | None) -> None:
    uid, gid = user or (None, None)
    command = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password_file}", "-A", "scram-sha-256"]
    made = subprocess.run(  # noqa: S603  # our own command
        [*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"],
        check=False,
        capture_output=True,
        text=True,
        timeout=INIT_SECONDS_MAX,
        user=uid,
        group=gid,
        extra_groups=[] if uid else None,
        cwd=data.parent,
    )
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise ServerFailed(f"initdb failed:\n{(made.stdout + made.stderr)[-2000:]}")


def _make_home(wanted: Path, user: User | None) -> Path:
    """Create the server's folder, in another place if its user cannot reach it here."""
    wanted = wanted.absolute()
    wanted.mkdir(parents=True, exist_ok=True)
    home = home_of(wanted)
    if user and home == wanted and not all(parent.stat().st_mode & 0o001 for parent in wanted.parents):
        home = ELSEWHERE / sha256(str(wanted).encode()).hexdigest()[:12]
        home.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o755)
        (home / "belongs-to").write_text(str(wanted))
        (wanted / "moved-to").write_text(str(home))
    home.mkdir(parents=True, exist_ok=True)
    _give(home, user)
    return home


def _give(path: Path, user: User | None) -> None:
    if user:
        os.chown(path, *user)


def _unprivileged() -> User:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerFailed("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
