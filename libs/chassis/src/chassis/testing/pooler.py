"""PgBouncer in transaction mode in front of a test's PostgreSQL, from the distribution's package."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from chassis.persistence.database import SESSION
from chassis.testing.backing import provider
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import free_port, through

START_SECONDS_MAX = 60
# The first version with prepared statements in transaction mode, and the first that limits the clients of a database.
_PREPARING = (1, 21)
_LIMITING_CLIENTS = (1, 24)


class Pooler:
    """One PgBouncer process, which can be stopped and started again on its port."""

    def __init__(self, folder: Path, url: str, *, connections: int) -> None:
        """Pool the database of `url`, with at most `connections` connections."""
        self.port = free_port()
        self._program = program()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        parts = urlsplit(url)
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        lines = [
            "[databases]",
            f"* = host={parts.hostname} port={parts.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = scram-sha-256",
            f"auth_file = {folder / 'users'}",
            "pool_mode = transaction",
            f"default_pool_size = {connections}",
            "log_connections = 0",
            "log_disconnections = 0",
            *(["max_prepared_statements = 200"] if prepares() else []),
        ]
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        command = [self._program, str(self._folder / "pgbouncer.ini")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=unprivileged())  # noqa: S603  # our own command
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer did not start:\n{(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop it; on SIGINT it waits for running transactions."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS_MAX)
            self._process = None

    def through(self, url: str) -> str:
        return through(url, self.port)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True


@contextmanager
def pooler(urls: DatabaseUrls, superuser_url: str, *, connections: int) -> Iterator[Pooler]:
    """Run PgBouncer in front of a database, and limit the sessions of its runtime role as `databases.sh` does."""
    limit_sessions(urls, superuser_url)
    with TemporaryDirectory(prefix="elcorp-pooler-") as name:
        folder = Path(name)
        pooler = Pooler(folder, urls.app, connections=connections)
        give_to_pooler((folder, *folder.iterdir()))
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop(signal.SIGQUIT)


def limit_sessions(urls: DatabaseUrls, superuser_url: str, **other: str) -> None:
    """Set the parameters of the runtime role's sessions in a database; `other` replaces some values."""
    role = urlsplit(urls.app).username or ""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        for name, value in (SESSION | other).items():
            superuser.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    sql.Identifier(role), sql.Identifier(urls.name), sql.Identifier(name), sql.Literal(value)
                )
            )


def program() -> str:
    """Find PgBouncer; install it if it is missing, as root on Debian."""
    # Users other than root often have no /usr/sbin on PATH.
    path = f"{os.environ['PATH']}:/usr/sbin"
    if not shutil.which("pgbouncer", path=path):
        provider().install_program("pgbouncer")
    found = shutil.which("pgbouncer", path=path)
    if not found:
        raise FileNotFoundError("pgbouncer is missing (Debian and Ubuntu: apt-get install pgbouncer)")
    return found


def prepares() -> bool:
    """Return whether prepared statements work in transaction mode; with Debian 12's PgBouncer they do not."""
    return _version() >= _PREPARING


def limits_clients() -> bool:
    """Return whether the clients of one database can be limited; with Debian 12's PgBouncer they cannot."""
    return _version() >= _LIMITING_CLIENTS


def unprivileged() -> str | None:
    """Return the user for PgBouncer if the tests run as root, because it refuses to run as root; otherwise None."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def give_to_pooler(paths: Iterable[Path]) -> None:
    """Make PgBouncer's user the owner of files, if it is not the tests' user."""
    if user := unprivileged():
        for path in paths:
            shutil.chown(path, user)


def _version() -> tuple[int, int]:
    said = subprocess.run([program(), "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S603  # its own name
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
