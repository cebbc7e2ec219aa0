"""Checkpoints that payments has kept show that compliance's database was set back, through the commands of both."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.testing.broker import virtual_host
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.processes import LoggingProcess, started
from chassis.testing.running import eventually, running
from chassis.testing.servers import Servers
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.bootstrap import SERVICE as COMPLIANCE
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.interfaces.publications import PUBLICATIONS
from compliance.wiring import unit_of_work
from kernel.clock import SystemClock
from payments.bootstrap import SERVICE as PAYMENTS
from services.compliance.tests.entries import entries

MASTER_KEY = bytes(range(32))


class Log:
    """Compliance's log in one database, with its relay."""

    def __init__(self, urls: DatabaseUrls, rabbitmq_url: str) -> None:
        self.urls = urls
        self._rabbitmq_url = rabbitmq_url

    async def grow(self, *, facts: int, checkpoints: int) -> str:
        """Append, sign, announce and publish. Return the log's verifier key."""
        database = Database.connect(self.urls.app, pool_size=3)
        try:
            uow, clock = unit_of_work(database=database), SystemClock()
            signer = await Ed25519LogSigner.load(uow, MASTER_KEY, clock, origin="elcorp.na/audit")
            for _ in range(checkpoints):
                await AppendFacts(uow)(entries=entries(facts))
                await SignCheckpoint(uow, signer, clock)()
            async with running(Relay(self.urls.relay, self._rabbitmq_url, PUBLICATIONS).run):
                await eventually(self._unsent, 0)
        finally:
            await database.close()
        return signer.key.text

    async def _unsent(self) -> int:
        [count] = await column(self.urls.app, "SELECT count(*) FROM outbox WHERE type = 'compliance.checkpoint.signed'")
        return int(str(count))

    async def back_up(self, databases: Databases) -> "Log":
        """Copy the database as it is."""
        await databases.disconnect(self.urls)
        with psycopg.connect(databases.superuser_url, autocommit=True) as connection:
            names = sql.Identifier(backup_of(self.urls)), sql.Identifier(self.urls.name)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        path = f"/{backup_of(self.urls)}"
        urls = {role: urlunsplit(urlsplit(getattr(self.urls, role))._replace(path=path)) for role in ("owner", "app", "relay")}
        return Log(replace(self.urls, **urls), self._rabbitmq_url)


def backup_of(urls: DatabaseUrls) -> str:
    return f"{urls.name}_backup"


async def column(url: str, query: str) -> list[object]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return [value for (value,) in await (await connection.execute(query)).fetchall()]


@pytest.fixture
def broker(servers: Servers) -> Iterator[str]:
    with virtual_host(servers.rabbitmq_url, servers.rabbitmq_management_url) as url:
        yield url


@pytest.fixture
async def log(databases: Databases, broker: str) -> AsyncIterator[Log]:
    async with databases.create("compliance", COMPLIANCE.migrations) as urls:
        try:
            yield Log(urls, broker)
        finally:
            with psycopg.connect(databases.superuser_url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(backup_of(urls))))


@pytest.fixture
async def payments(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("payments", PAYMENTS.migrations) as urls:
        yield urls


def environment(urls: DatabaseUrls, **others: str) -> dict[str, str]:
    own = {"ELCORP_ENVIRONMENT": "local", "ELCORP_OPS_PORT": "0", "ELCORP_DATABASE_URL": urls.app}
    return {**os.environ, **own, "ELCORP_DATABASE_RELAY_URL": urls.relay, **others}


@asynccontextmanager
async def payments_work(urls: DatabaseUrls, broker: str) -> AsyncIterator[LoggingProcess]:
    settings = environment(urls, ELCORP_RABBITMQ_URL=broker, ELCORP_CHECKPOINT_KEEP_SECONDS="1")
    async with started([sys.executable, "-m", "payments", "work"], settings) as process:
        await process.line("working")
        # Announcements are not stored for a process that is not listening yet.
        await process.line("listening_for_checkpoints")
        yield process


async def command(*arguments: str, settings: Mapping[str, str], given: str = "") -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        env=settings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate(given.encode())
    return process.returncode, out.decode()


async def test_the_notes_of_payments_show_that_the_log_was_set_back(
    log: Log, payments: DatabaseUrls, broker: str, databases: Databases
) -> None:
    async with payments_work(payments, broker) as work:
        key = await log.grow(facts=5, checkpoints=1)
        backup = await log.back_up(databases)
        await log.grow(facts=5, checkpoints=3)
        await eventually(lambda: column(payments.app, "SELECT size FROM heard_checkpoints ORDER BY size DESC LIMIT 1"), [20])
        code, notes = await command("payments", "checkpoints", settings=environment(payments))
        assert code == 0
        assert [line for line in notes.splitlines() if re.fullmatch(r"\d+", line)][-1] == "20"

        async def fsck(urls: DatabaseUrls) -> tuple[int | None, str]:
            options = ("--key", key, "--checkpoint", "-")
            return await command("compliance", "fsck", *options, settings=environment(urls), given=notes)

        code, out = await fsck(log.urls)
        assert code == 0, out
        code, out = await fsck(backup.urls)
        assert code == 1
        assert "is larger than the log, which has 5 entries" in out

        # The restored log continues: payments notices it at the first checkpoint.
        await backup.grow(facts=1, checkpoints=1)
        noticed = await work.line("checkpoint_contradiction")
        assert (noticed["kind"], noticed["level"]) == ("smaller", "error")
        assert "\n20\n" in noticed["earlier_note"]
        assert "\n6\n" in noticed["note"]
        await eventually(lambda: column(payments.app, "SELECT size FROM heard_checkpoints WHERE size = 6"), [6])
        work.terminate()
        assert await work.exit_code() == 0
