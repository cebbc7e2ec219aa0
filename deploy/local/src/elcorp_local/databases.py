"""A database for each service, with a role that owns it and a role that runs on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from elcorp_local.failure import Failure
from elcorp_local.ports import SERVICES

CONNECT_SECONDS_MAX = 10


class Unreachable(Failure):
    """The PostgreSQL that was named does not let us in."""


def provide(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing and set the roles' passwords; running it again changes nothing. Raises Unreachable."""
    with _superuser(superuser_url) as connection:
        for service in SERVICES:
            for role in (f"{service}_owner", f"{service}_app"):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
                _run(connection, "ALTER ROLE {} LOGIN" if known else "CREATE ROLE {} LOGIN", role)
                _set_password(connection, role, passwords[f"{role.upper()}_PASSWORD"])
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (service,)).fetchone():
                _run(connection, "CREATE DATABASE {} OWNER {}", service, f"{service}_owner")
            _run(connection, "REVOKE CONNECT ON DATABASE {} FROM PUBLIC", service)
            _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", service, f"{service}_app")


def exist(superuser_url: str) -> bool:
    """Tell whether some platform's databases are here already. Raises Unreachable."""
    with _superuser(superuser_url) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = ANY(%s)", (list(SERVICES),))
        return found.fetchone() is not None


def url(superuser_url: str, service: str, role: str, passwords: Mapping[str, str]) -> str:
    """Return the libpq URL of one service's database for one of its roles ("owner" or "app")."""
    parts = urlsplit(superuser_url)
    host = parts.netloc.rpartition("@")[2]
    secret = quote(passwords[f"{service.upper()}_{role.upper()}_PASSWORD"], safe="")
    return urlunsplit(parts._replace(netloc=f"{service}_{role}:{secret}@{host}", path=f"/{service}"))


@contextmanager
def _superuser(superuser_url: str) -> "Iterator[psycopg.Connection]":
    try:
        connection = psycopg.connect(superuser_url, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX)
    except psycopg.OperationalError as error:
        where = urlsplit(superuser_url).netloc.rpartition("@")[2]
        raise Unreachable(f"PostgreSQL at {where} (ELCORP_LOCAL_POSTGRES_URL, if that is set): {error}") from error
    with connection:
        yield connection


def _run(connection: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
