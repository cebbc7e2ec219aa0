"""The databases and roles as every environment makes them, on a real PostgreSQL."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from chassis.database import SESSION
from chassis.testing.databases import Databases
from chassis.testing.servers import Servers
from elcorp_local.backing.postgres import binaries

SCRIPT = Path(__file__).parents[2] / "k8s" / "components" / "backing" / "databases" / "databases.sh"
# What has to be quoted wherever a password passes.
PASSWORD = r"""a 'b' "c" \d"""


class Server:
    """A superuser's view of the server, and one service's database on it."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self.service = f"service_{uuid4().hex[:8]}"

    def run(self, *arguments: str, **passwords: str) -> "subprocess.CompletedProcess[str]":
        url = urlsplit(self.superuser_url)
        connection = {"PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password}
        # The programs themselves: those on PATH are Debian's wrappers, which take three times as long.
        path = f"{binaries()}:{os.environ['PATH']}"
        environment: Mapping[str, str] = {"PATH": path, **{k: v for k, v in connection.items() if v}, **passwords}
        return subprocess.run(  # noqa: S603  # our own script
            [SCRIPT, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=300
        )

    def must(self, *arguments: str, **passwords: str) -> None:
        ended = self.run(*arguments, **passwords)
        assert ended.returncode == 0, ended.stderr

    def provide(self, *, app: str = PASSWORD) -> None:
        self.must(
            self.service, **{f"{self.service.upper()}_OWNER_PASSWORD": PASSWORD, f"{self.service.upper()}_APP_PASSWORD": app}
        )

    def enter(self, role: str, password: str = PASSWORD, *, options: str = "") -> "psycopg.Connection[tuple[object, ...]]":
        url = urlsplit(self.superuser_url)
        return psycopg.connect(
            host=url.hostname, port=url.port, user=role, password=password, dbname=self.service, autocommit=True, options=options
        )

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        parts = urlsplit(self.superuser_url)
        return psycopg.connect(urlunsplit(parts._replace(path=f"/{self.service}")), autocommit=True)

    def remove(self) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.service} WITH (FORCE)".encode())
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (self.service,)).fetchall()
            for (role,) in roles:
                connection.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def server(servers: Servers, databases: Databases) -> Iterator[Server]:
    server = Server(databases.superuser_url)
    server.provide()
    yield server
    server.remove()


def session_of(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, object]:
    return {name: connection.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0] for name in SESSION}


def test_making_them_again_changes_nothing_but_the_password(server: Server) -> None:
    with server.enter(f"{server.service}_owner") as owner:
        owner.execute("CREATE TABLE kept (id int)")
    server.provide(app="another")
    server.must(server.service)  # nothing given: the passwords stay

    with server.superuser() as superuser:
        assert superuser.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with server.enter(f"{server.service}_app", "another"):
        pass
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.enter(f"{server.service}_app")


def test_a_database_is_for_its_own_roles_and_text_is_ordered_alike_everywhere(server: Server) -> None:
    other = Server(server.superuser_url)
    try:
        other.provide()
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(server.superuser_url, user=f"{other.service}_app", password=PASSWORD, dbname=server.service)
    finally:
        other.remove()
    with server.superuser() as superuser:
        wanted = "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()"
        assert superuser.execute(wanted.encode()).fetchone() == ("UTF8", "C.UTF-8", "C.UTF-8")


def test_sessions_have_the_limits_that_direct_connections_ask_for(server: Server) -> None:
    with server.enter(f"{server.service}_app") as app:
        assert session_of(app) == SESSION
    # Migrations may take longer, and a process may ask for other limits than those of its role.
    with server.enter(f"{server.service}_owner") as owner:
        assert session_of(owner)["statement_timeout"] == "0"
    with server.enter(f"{server.service}_app", options="-c statement_timeout=60s") as jobs:
        assert session_of(jobs)["statement_timeout"] == "1min"


def test_a_second_login_can_do_what_the_first_can_and_no_more(server: Server) -> None:
    service, second = server.service, f"{server.service}_app_b"
    grant = f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {service}_app"
    with server.enter(f"{service}_owner") as owner:
        owner.execute(f"GRANT USAGE ON SCHEMA public TO {service}_app".encode())
        owner.execute(grant.encode())
        owner.execute("CREATE TABLE before (id int)")
    server.must("login", service, second, LOGIN_PASSWORD="new")
    with server.enter(f"{service}_owner") as owner:
        owner.execute("CREATE TABLE after (id int)")

    with server.enter(second, "new") as connection:
        for table in (b"before", b"after"):
            connection.execute(b"INSERT INTO " + table + b" VALUES (1)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(b"DELETE FROM " + table)
        assert session_of(connection) == SESSION


def test_a_login_is_retired_only_once_nothing_uses_it(server: Server) -> None:
    service, second = server.service, f"{server.service}_app_b"
    server.must("login", service, second, LOGIN_PASSWORD="new")
    with server.enter(f"{service}_app"):
        refused = server.run("retire", service, f"{service}_app")
        assert refused.returncode != 0
        assert "still has 1 sessions: wait until every process uses the other login" in refused.stderr
    gone_when_retired(server, f"{service}_app", PASSWORD)
    with server.enter(second, "new"):
        pass

    # The next change of password goes back to the first.
    server.must("login", service, f"{service}_app", LOGIN_PASSWORD="newer")
    gone_when_retired(server, second, "new")
    with server.enter(f"{service}_app", "newer") as connection:
        assert session_of(connection) == SESSION


def test_only_logins_of_the_service_are_retired(server: Server) -> None:
    refused = server.run("retire", server.service, f"{server.service}_owner")
    assert refused.returncode != 0
    assert f"{server.service}_owner is no login of {server.service}_app" in refused.stderr


def test_the_pooler_learns_the_passwords_of_the_runtime_logins_alone(server: Server) -> None:
    service = server.service
    server.must("login", service, f"{service}_app_b", LOGIN_PASSWORD="new")
    with server.superuser() as connection:
        connection.execute("SET ROLE pooler")
        ask = "SELECT left(stored, 13) FROM pooler.password_of(%s)"
        for login in (f"{service}_app", f"{service}_app_b"):
            assert connection.execute(ask, (login,)).fetchall() == [("SCRAM-SHA-256",)]
        for login in (f"{service}_owner", "postgres", "pooler", "nobody"):
            assert connection.execute(ask, (login,)).fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM pg_authid")
        connection.execute("RESET ROLE")
        connection.execute(f"SET ROLE {service}_app".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(ask, (f"{service}_app",))


def test_the_script_explains_itself() -> None:
    shown = subprocess.run([SCRIPT, "--help"], check=False, capture_output=True, text=True, timeout=60)  # noqa: S603  # our own
    assert shown.returncode == 2
    assert re.findall(r"databases\.sh (\w+|\[)", shown.stderr) == ["[", "login", "retire"]


def gone_when_retired(server: Server, login: str, password: str) -> None:
    server.must("retire", server.service, login)
    with pytest.raises(psycopg.OperationalError, match=r"is not permitted to log in|authentication failed"):
        server.enter(login, password)
