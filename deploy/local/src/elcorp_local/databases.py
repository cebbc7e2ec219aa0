"""A database for each service, with the roles of its owner, its processes and its relay."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from elcorp_local.failure import Failure
from elcorp_local.port_numbers import SERVICES

CONNECT_SECONDS_MAX = 10
# The roles and their rights are the same in every environment.
SQL = Path(__file__).parents[4] / "k8s" / "components" / "backing" / "databases"


class Unreachable(Failure):
    """Cannot connect to the configured PostgreSQL."""


def provide(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create missing databases and roles, and set passwords; running it again changes nothing. Raises Unreachable."""
    with _superuser(superuser_url) as connection:
        for service in SERVICES:
            given = {role: passwords[f"{service.upper()}_{role.upper()}_PASSWORD"] for role in ("owner", "app", "relay")}
            parameters = {"owner_password": given["owner"], "login_password": given["app"], "relay_password": given["relay"]}
            _run(connection, "roles.sql", {"service": service, **parameters})
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (service,)).fetchone():
                _create(connection, service)
            with _superuser(urlunsplit(urlsplit(superuser_url)._replace(path=f"/{service}"))) as inside:
                _run(inside, "rights.sql", {})


def exist(superuser_url: str) -> bool:
    """Return whether the databases of a platform exist already. Raises Unreachable."""
    with _superuser(superuser_url) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = ANY(%s)", (list(SERVICES),))
        return found.fetchone() is not None


def url(superuser_url: str, service: str, role: str, passwords: Mapping[str, str]) -> str:
    """Return the libpq URL of one service's database for one of its roles ("owner", "app" or "relay")."""
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
        # An owner can create functions in its database, which we would otherwise call as a superuser.
        connection.execute("SET search_path = pg_catalog")
        yield connection


def _run(connection: psycopg.Connection, file: str, parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        connection.execute("SELECT set_config(%s, %s, false)", (f"elcorp.{name}", value))
    connection.execute((SQL / file).read_bytes())


def _create(connection: psycopg.Connection, service: str) -> None:
    create = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
    connection.execute(sql.SQL(create).format(sql.Identifier(service), sql.Identifier(f"{service}_owner")))
