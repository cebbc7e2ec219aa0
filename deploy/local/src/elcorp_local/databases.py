"""A database for each service, with a role that owns it and a role that runs on it."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from elcorp_local.ports import SERVICES


def provide(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing and set the roles' passwords; running it again changes nothing."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for service in SERVICES:
            for role in ("owner", "app"):
                name = f"{service}_{role}"
                exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
                statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(passwords[f"{name.upper()}_PASSWORD"])))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (service,)).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(service), sql.Identifier(f"{service}_owner"))
                )
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(service)))
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(service), sql.Identifier(f"{service}_app"))
            )


def url(superuser_url: str, service: str, role: str, passwords: Mapping[str, str]) -> str:
    """Return the libpq URL of one service's database for one of its roles ("owner" or "app")."""
    parts = urlsplit(superuser_url)
    host = parts.netloc.rpartition("@")[2]
    secret = quote(passwords[f"{service.upper()}_{role.upper()}_PASSWORD"], safe="")
    return urlunsplit(parts._replace(netloc=f"{service}_{role}:{secret}@{host}", path=f"/{service}"))
