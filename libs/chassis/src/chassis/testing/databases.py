"""A database of its own for each test, copied from a template that was migrated once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from chassis import migrations

_ROLE_PASSWORD = "test"  # noqa: S105  # of roles on a private test server
_TEMPLATE_LOCK = 0x74706C


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database, seen by its owner (migrations) and by the runtime role."""

    owner: str
    app: str
    name: str


class Databases:
    """Makes databases on one PostgreSQL server; `superuser_url` is a libpq URL."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self._templates: dict[tuple[str, Path], str] = {}
        # Dropping takes as long as many a test: it is done beside the next one.
        self._dropping = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drop")
        self._dropped: list[Future[None]] = []

    def close(self) -> None:
        """Wait until the last database is dropped; raises when one could not be."""
        self._dropping.shutdown()
        for dropped in self._dropped:
            dropped.result()

    @asynccontextmanager
    async def create(self, service: str, versions: Path) -> AsyncIterator[DatabaseUrls]:
        """Give a migrated database for the length of the block."""
        if (service, versions) not in self._templates:
            self._templates[service, versions] = await asyncio.to_thread(self._template, service, versions)
        name = f"test_{service}_{uuid4().hex[:12]}"
        template = self._templates[service, versions]
        await self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(f"{service}_owner")
            )
        )
        try:
            yield self._urls(service, name)
        finally:
            self._dropped.append(self._dropping.submit(self._drop, name))

    def _drop(self, name: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _urls(self, service: str, name: str) -> DatabaseUrls:
        return DatabaseUrls(self._url(name, f"{service}_owner"), self._url(name, f"{service}_app"), name)

    def _url(self, database: str, role: str | None = None) -> str:
        parts = urlsplit(self.superuser_url)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{role}:{_ROLE_PASSWORD}@{host}" if role else parts.netloc
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))

    async def _execute(self, statement: sql.Composed) -> None:
        async with await psycopg.AsyncConnection.connect(self.superuser_url, autocommit=True) as connection:
            await connection.execute(statement)

    def _template(self, service: str, versions: Path) -> str:
        """Migrate a template, or find the one that an earlier session made of the same migrations."""
        name = f"template_{service}_{_digest(versions)}"
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_TEMPLATE_LOCK,))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return name
            for role in (f"{service}_owner", f"{service}_app"):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(_ROLE_PASSWORD))
                    )
            half_made = f"{name}_{uuid4().hex[:6]}"
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(half_made), sql.Identifier(f"{service}_owner"))
            )
            migrations.upgrade(self._url(half_made, f"{service}_owner"), versions, say=lambda _line: None)
            # Renamed only once it is whole: a session killed in between leaves no broken template behind.
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half_made), sql.Identifier(name)))
            return name


def _digest(versions: Path) -> str:
    content = hashlib.sha256(Path(migrations.__file__).read_bytes())
    for revision in sorted(versions.glob("*.py")):
        content.update(revision.read_bytes())
    return content.hexdigest()[:12]
