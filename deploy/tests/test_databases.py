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

from chassis.persistence.database import SESSION
from chassis.testing.databases import libpq_variables
from chassis.testing.servers import Servers
from elcorp_local import databases
from elcorp_local.backing.postgres import binaries

SCRIPT = Path(__file__).parents[2] / "k8s" / "components" / "backing" / "databases" / "databases.sh"
# Characters that must be quoted wherever a password is passed.
PASSWORD = """a 'b' "c" \\d\te\n"""


class Server:
    """A superuser's view of the server, and one service's database on it."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self.service = f"service_{uuid4().hex[:8]}"

    def run(self, *arguments: str, **passwords: str) -> "subprocess.CompletedProcess[str]":
        # The programs themselves: those on PATH are Debian's wrappers, which take three times as long.
        path = f"{binaries()}:{os.environ['PATH']}"
        environment: Mapping[str, str] = {"PATH": path, **libpq_variables(self.superuser_url), **passwords}
        return subprocess.run(  # noqa: S603  # our own script
            [SCRIPT, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=300
        )

    def must(self, *arguments: str, **passwords: str) -> None:
        ended = self.run(*arguments, **passwords)
        assert ended.returncode == 0, ended.stderr

    def provide(self, *, app: str = PASSWORD) -> None:
        given = {"OWNER": PASSWORD, "APP": app, "RELAY": PASSWORD}
        self.must(self.service, **{f"{self.service.upper()}_{role}_PASSWORD": password for role, password in given.items()})

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
def server(servers: Servers) -> Iterator[Server]:
    server = Server(servers.postgres_url)
    server.provide()
    yield server
    server.remove()


def session_of(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, object]:
    return {name: connection.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0] for name in SESSION}


def test_running_again_changes_only_passwords(server: Server) -> None:
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


def test_a_database_admits_only_its_roles_and_has_the_same_collation_everywhere(server: Server) -> None:
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


def test_sessions_have_the_limits_that_direct_connections_set(server: Server) -> None:
    with server.enter(f"{server.service}_app") as app:
        assert session_of(app) == SESSION
    # Migrations may take longer, and a process may set other limits than those of its role.
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

    # The next password change uses the first login again.
    server.must("login", service, f"{service}_app", LOGIN_PASSWORD="newer")
    gone_when_retired(server, second, "new")
    with server.enter(f"{service}_app", "newer") as connection:
        assert session_of(connection) == SESSION


def test_only_logins_of_the_service_can_be_retired(server: Server) -> None:
    for role in (f"{server.service}_owner", "postgres", "nobody"):
        refused = server.run("retire", server.service, role)
        assert refused.returncode != 0
        assert f"{role} is no login of {server.service}_app" in refused.stderr


def test_the_only_login_of_a_service_is_not_retired(server: Server) -> None:
    refused = server.run("retire", server.service, f"{server.service}_app")
    assert refused.returncode != 0
    assert f"{server.service}_app is the only login of {server.service}_app: make another one first" in refused.stderr
    with server.enter(f"{server.service}_app"):
        pass


def test_no_other_role_becomes_a_login_of_the_service(server: Server) -> None:
    service = server.service
    with server.superuser() as superuser:
        superuser.execute(f"CREATE ROLE {service}_app_root SUPERUSER".encode())
    for role in ("postgres", f"{service}_owner", f"{service}_apps", f"{service}_app_root", f"other_{service}_app"):
        refused = server.run("login", service, role, LOGIN_PASSWORD="stolen")
        assert refused.returncode != 0
        assert f"{role} can be no login of {service}_app" in refused.stderr
    with psycopg.connect(server.superuser_url), server.enter(f"{service}_owner"):
        """Their passwords are as before."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("login",),
        ("login", "payments"),
        ("login", "payments", "payments_app", "b"),
        ("retire", "payments"),
        ("login", "postgres", "postgres_app"),
        ("retire", "dbname=payments", "payments_app"),
        ("template1",),
        ("Payments",),
        ("payments; x",),
        ("",),
    ],
)
def test_unknown_arguments_show_the_usage(arguments: tuple[str, ...]) -> None:
    refused = subprocess.run([SCRIPT, *arguments], check=False, capture_output=True, text=True, timeout=60)  # noqa: S603  # our own
    assert refused.returncode == 2
    assert "databases.sh retire SERVICE LOGIN" in refused.stderr


def test_a_mistyped_command_creates_nothing(server: Server) -> None:
    mistyped = f"{server.service}_lgoin"
    refused = server.run(mistyped, server.service, f"{server.service}_app_b", LOGIN_PASSWORD="new")
    assert refused.returncode != 0
    assert f"There is no database {mistyped}" in refused.stderr
    with server.superuser() as superuser:
        made = superuser.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (mistyped,)).fetchall()
        assert made == []


def test_running_again_prints_nothing(server: Server) -> None:
    for _ in range(2):
        for arguments in ((server.service,), ("login", server.service, f"{server.service}_app_b")):
            again = server.run(*arguments, LOGIN_PASSWORD="new")
            assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.parametrize("by_script", [True, False])
def test_the_owner_of_a_database_cannot_act_as_the_superuser_who_sets_it_up(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, by_script: bool
) -> None:
    service, owner = server.service, f"{server.service}_owner"
    server.must("login", service, f"{service}_app_b", LOGIN_PASSWORD="new")
    with server.enter(owner) as connection:
        connection.execute(
            f"""
            CREATE FUNCTION public.format (text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN ALTER ROLE {owner} SUPERUSER; END IF;
                RETURN pg_catalog.format($1, $2);
            END $$
            """.encode()
        )
        connection.execute(f"ALTER DATABASE {service} SET search_path = public, pg_catalog".encode())

    if by_script:
        for arguments in ((service,), ("login", service, f"{service}_app_b"), ("retire", service, f"{service}_app_b")):
            server.must(*arguments, LOGIN_PASSWORD="new")
    else:
        monkeypatch.setattr(databases, "SERVICES", (service,))
        given = {f"{service.upper()}_{role}_PASSWORD": PASSWORD for role in ("OWNER", "APP", "RELAY")}
        databases.provide(server.superuser_url, given)

    with psycopg.connect(server.superuser_url) as superuser:
        assert superuser.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", (owner,)).fetchone() == (False,)


def test_the_owner_of_a_database_cannot_replace_the_password_look_up(server: Server) -> None:
    with server.superuser() as superuser:
        superuser.execute("DROP SCHEMA pooler CASCADE")
    with server.enter(f"{server.service}_owner") as owner:
        owner.execute("CREATE SCHEMA pooler")
    refused = server.run(server.service)
    assert refused.returncode != 0
    assert f"the schema pooler of {server.service} belongs to another role than a superuser" in refused.stderr


def test_a_password_that_cannot_be_set_is_not_printed(server: Server, servers: Servers) -> None:
    role = f"{server.service}_app"
    given = {f"{role.upper()}_PASSWORD": "Tq7nHs\tKw3 'Zr8'"}
    refused = server.run(server.service, PGOPTIONS="-c default_transaction_read_only=on", **given)
    assert refused.returncode != 0
    printed = refused.stdout + refused.stderr
    if not servers.lasting:
        with server.superuser() as superuser:
            [(folder,)] = superuser.execute("SHOW data_directory").fetchall()
        printed += (Path(str(folder)).parent / "postgres.log").read_text()
    assert printed.count(f"the password of {role} is not set: cannot execute ALTER ROLE in a read-only transaction") >= 1
    assert not re.search("Tq7nHs|Kw3|Zr8", printed)


def test_the_pooler_can_look_up_only_the_passwords_of_runtime_logins(server: Server) -> None:
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
