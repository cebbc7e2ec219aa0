"""The pooler as in the overlays, with its configuration and script, in front of a PostgreSQL that accepts TLS only."""

import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from chassis.persistence.database import SESSION
from chassis.testing.certificates import Authority, MountedSecret, presented_serial
from chassis.testing.databases import libpq_variables
from chassis.testing.pooler import give_to_pooler, limits_clients, prepares, program, unprivileged
from chassis.testing.running import eventually, free_port
from elcorp_local.backing import postgres
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import Server
from elcorp_local.port_numbers import Ports

K8S = Path(__file__).parents[2] / "k8s" / "components"
SCRIPT = K8S / "backing" / "databases" / "databases.sh"


class Running:
    """PostgreSQL with payments' database, and the pooler in front of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.port, self._ports = free_port(), Ports.free()
        (folder / "tls").mkdir()
        self.secret = MountedSecret(folder / "tls", self.authority.certify("localhost"), b"")
        self._server: Server | None = None
        self._pooler: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        files = self.authority.issue("localhost", "127.0.0.1")
        certificates = ServerCertificates(files["tls_cert_file"], files["tls_key_file"], self.authority.file, tls_only=True)
        self._server = postgres.start(self.folder, self._ports, fast=True, certificates=certificates)
        self.databases(
            "payments",
            PAYMENTS_APP_PASSWORD="app",
            PAYMENTS_OWNER_PASSWORD="owner",
            PAYMENTS_RELAY_PASSWORD="relay",
            POOLER_PASSWORD="look it up",
        )
        (self.folder / "users").write_text('"pooler" "look it up"\n')
        self._pooler = self._start()

    def databases(self, *arguments: str, **passwords: str) -> None:
        assert self._server
        connection = libpq_variables(self._server.urls["postgres_url"])
        environment = {"PATH": f"{postgres.binaries()}:{os.environ['PATH']}", **connection, **passwords}
        subprocess.run([SCRIPT, *arguments], env=environment, check=True, capture_output=True, timeout=300)  # noqa: S603  # our own

    def enter(
        self, user: str, password: str, *, database: str = "payments", sslmode: str = "verify-full", tls_max: str = "TLSv1.3"
    ) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host="localhost",
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            sslmode=sslmode,
            ssl_max_protocol_version=tls_max,
            sslrootcert=str(self.authority.file),
            autocommit=True,
        )

    async def serial(self) -> int:
        """Return the serial number of the certificate that a new client sees."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        return await presented_serial("localhost", self.port, context, is_postgres=True)

    def stop(self) -> None:
        if self._pooler:
            self._pooler.kill()
            self._pooler.wait()
        if self._server:
            self._server.stop()

    def _start(self) -> "subprocess.Popen[bytes]":
        config = self.folder / "pgbouncer.ini"
        config.write_text(self._configuration())
        give_to_pooler(path for path in self.folder.rglob("*") if "postgres" not in path.parts)
        environment = {"PATH": f"{Path(program()).parent}:{os.environ['PATH']}", "WATCH_SECONDS": "0.1"}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # our own script
                ["/bin/sh", K8S / "pooler" / "run.sh", config], env=environment, stdout=log, stderr=log, user=unprivileged()
            )

    def _configuration(self) -> str:
        text = (K8S / "pooler" / "pgbouncer.ini").read_text()
        for there, here in (
            ("host=postgres.elcorp-data port=5432", f"host=127.0.0.1 port={self._ports.postgres}"),
            ("listen_port = 6432", f"listen_port = {self.port}"),
            ("listen_addr = *", "listen_addr = 127.0.0.1"),
            ("/run/tls", str(self.secret.folder)),
            ("/run/backing-ca/ca.crt", str(self.authority.file)),
            ("/run/pooler/users", str(self.folder / "users")),
        ):
            assert there in text
            text = text.replace(there, here)
        for setting, is_known in (("max_prepared_statements", prepares()), ("max_db_client_connections", limits_clients())):
            assert f"\n{setting} = " in text
            text = text if is_known else re.sub(rf"\n{setting} = .*", "", text)
        return text


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with TemporaryDirectory(prefix="elcorp-pooler-") as name:
        Path(name).chmod(0o755)
        running = Running(Path(name))
        try:
            running.start()
            yield running
        finally:
            running.stop()


@pytest.fixture(autouse=True)
async def listening(running: Running) -> None:
    def answers() -> bool:
        try:
            running.enter("payments_app", "app").close()
        except psycopg.OperationalError as error:
            return "refused" not in str(error)
        return True

    await eventually(answers)


def test_a_login_connects_with_its_own_password_and_has_its_limits(running: Running) -> None:
    with running.enter("payments_app", "app") as connection:
        assert connection.execute("SELECT session_user, current_database()").fetchall() == [("payments_app", "payments")]
        # Between two of our statements another client may use the server's connection.
        shown = [connection.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0] for name in SESSION]
        assert shown == list(SESSION.values())
        tls = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(tls).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("user", "password"),
    [("payments_app", "wrong"), ("payments_owner", "owner"), ("pooler", "wrong"), ("postgres", "postgres"), ("nobody", "")],
)
def test_no_other_login_can_connect(running: Running, user: str, password: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        running.enter(user, password)


def test_a_client_without_tls_is_refused(running: Running) -> None:
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        running.enter("payments_app", "app", sslmode="disable")


def test_a_client_with_tls_older_than_1_3_is_refused(running: Running) -> None:
    with pytest.raises(psycopg.OperationalError, match="protocol version"):
        running.enter("payments_app", "app", tls_max="TLSv1.2")


def test_the_pooler_s_own_console_is_closed(running: Running) -> None:
    # The only login that the console could know, because it does not look up passwords.
    with pytest.raises(psycopg.OperationalError, match="not allowed"):
        running.enter("pooler", "look it up", database="pgbouncer")


def test_clients_share_a_connection_between_their_transactions(running: Running) -> None:
    with ExitStack() as clients:
        connections = [clients.enter_context(running.enter("payments_app", "app")) for _ in range(3)]
        backends = {connection.execute("SELECT pg_backend_pid()").fetchall()[0] for connection in connections}
    assert len(backends) < len(connections)


def test_a_login_does_not_learn_stored_passwords(running: Running) -> None:
    with running.enter("payments_app", "app") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM pooler.password_of('payments_app')")
        # Not even with rights on the schema.
        may_execute = "SELECT has_function_privilege(oid, 'EXECUTE') FROM pg_proc WHERE proname = 'password_of'"
        assert connection.execute(may_execute).fetchall() == [(False,)]


def test_a_second_login_can_connect_at_once_and_a_retired_one_cannot(running: Running) -> None:
    running.databases("login", "payments", "payments_app_b", LOGIN_PASSWORD="b")
    with running.enter("payments_app_b", "b") as connection:
        assert connection.execute("SELECT session_user").fetchall() == [("payments_app_b",)]
    running.databases("login", "payments", "payments_app_b", LOGIN_PASSWORD="b, renewed")
    with running.enter("payments_app_b", "b, renewed"):
        pass
    with pytest.raises(psycopg.OperationalError):
        running.enter("payments_app_b", "b")


async def test_a_renewed_certificate_is_used_without_a_restart(running: Running) -> None:
    with running.enter("payments_app", "app") as connection:
        renewed = running.authority.certify("localhost")
        assert await running.serial() != renewed.serial
        running.secret.put(renewed, b"")
        give_to_pooler(running.secret.folder.rglob("*"))
        await eventually(running.serial, renewed.serial)
        # Clients that were connected stay connected.
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
