"""Every connection to PostgreSQL, RabbitMQ and Redis uses TLS, to a server that proves its name. The servers are real."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import psycopg
import pytest
from procrastinate import Blueprint
from pydantic import SecretStr
from sqlalchemy import text

from chassis.jobs import make_jobs
from chassis.messaging.connection import open_session
from chassis.messaging.leadership import lead
from chassis.messaging.lease import Terms
from chassis.messaging.listener import Listener
from chassis.persistence import migrations
from chassis.persistence.database import Database
from chassis.redis import redis_client
from chassis.settings import ServiceSettings
from chassis.testing.backing import provider
from chassis.testing.certificates import Authority
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.running import eventually, running
from chassis.testing.servers import Servers

VERSIONS = Path(__file__).parents[1] / "jobs" / "versions"


class DoorSettings(ServiceSettings):
    NAME: ClassVar[str] = "doors"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def backing(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start servers that accept TLS only, under the name 127.0.0.1 and no other."""
    certificate, key, file = authority.issue("127.0.0.1").values()
    with provider().start_servers(tmp_path_factory.mktemp("backing"), tls=(certificate, key, file)) as urls:
        yield Servers(**urls, lasting=False)


@pytest.fixture
async def urls(backing: Servers) -> AsyncIterator[DatabaseUrls]:
    databases = Databases(backing.postgres_url, server_is_lasting=False)
    async with databases.create("doors", VERSIONS) as urls:
        yield urls
    await databases.close()


@pytest.fixture
def settings(backing: Servers, authority: Authority, urls: DatabaseUrls) -> DoorSettings:
    return DoorSettings(
        backing_ca_file=authority.file,
        database_url=SecretStr(urls.app),
        database_owner_url=SecretStr(urls.owner),
        rabbitmq_url=SecretStr(backing.rabbitmq_url),
        redis_url=SecretStr(backing.redis_url),
    )


def changed(settings: DoorSettings, change: Callable[[str], str], **given: Any) -> DoorSettings:
    """Create the settings again from changed URLs, as if they came from the environment."""
    names = ("database_url", "database_owner_url", "rabbitmq_url", "redis_url")
    came = {name: change(getattr(settings, name).get_secret_value().partition("?")[0]) for name in names}
    return DoorSettings(**{"backing_ca_file": settings.backing_ca_file, **came, **given})


async def ping_database(settings: DoorSettings) -> None:
    database = Database.connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        await database.ping()
    finally:
        await database.close()


async def lead_relays(settings: DoorSettings) -> None:
    async with lead(settings.database_url.get_secret_value(), stop=asyncio.Event(), terms=Terms()) as leadership:
        assert leadership


async def migrate(settings: DoorSettings) -> None:
    url = settings.database_owner_url.get_secret_value()
    await asyncio.to_thread(migrations.upgrade, url, VERSIONS, say=lambda _line: None)


async def run_a_job(settings: DoorSettings) -> None:
    tasks, painted = Blueprint(), list[str]()

    @tasks.task(name="paint")
    async def paint(door: str) -> None:
        painted.append(door)

    async with make_jobs(settings, [tasks]).open_async() as app:
        await paint.defer_async(door="green")
        await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=True)
    assert painted == ["green"]


async def open_channel(settings: DoorSettings) -> None:
    async with open_session(settings.rabbitmq_url.get_secret_value(), name="doors") as session:
        await session.channel()


async def listen(settings: DoorSettings) -> None:
    listener = Listener(settings.rabbitmq_url.get_secret_value(), {})
    async with running(listener.run):
        await eventually(lambda: listener.connected)


async def ping_redis(settings: DoorSettings) -> None:
    async with redis_client(settings.redis_url.get_secret_value()) as redis:
        assert await redis.ping()


Connect = Callable[[DoorSettings], Awaitable[None]]
# The errors with which each client refuses a server. A Redis without TLS does not answer input that it cannot read.
LIBPQ = r"certificate verify failed|does not match host name|server does not support SSL"
PYTHON = r"certificate verify failed|wrong version number|record layer failure|Timeout connecting"
CLIENTS: dict[Connect, str] = {
    ping_database: LIBPQ,
    lead_relays: LIBPQ,
    migrate: LIBPQ,
    open_channel: PYTHON,
    ping_redis: PYTHON,
}


@pytest.mark.parametrize("connect", [*CLIENTS, run_a_job, listen])
async def test_each_part_of_a_process_connects_by_tls(connect: Connect, settings: DoorSettings) -> None:
    await connect(settings)


@pytest.mark.parametrize("connect", CLIENTS)
async def test_a_server_of_another_authority_is_refused(
    connect: Connect, settings: DoorSettings, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It makes no difference that the system trusts the server's authority.
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    await refuses(connect, changed(settings, str, backing_ca_file=Authority(tmp_path).file))


@pytest.mark.parametrize("connect", CLIENTS)
async def test_a_server_of_another_name_is_refused(connect: Connect, settings: DoorSettings) -> None:
    await refuses(connect, changed(settings, lambda url: url.replace("127.0.0.1", "localhost")))


@pytest.mark.parametrize("connect", CLIENTS)
async def test_a_server_without_tls_is_refused(connect: Connect, settings: DoorSettings, servers: Servers) -> None:
    plain = {
        urlsplit(secure).port: urlsplit(other).port
        for secure, other in (
            (settings.database_url.get_secret_value(), servers.postgres_url),
            (settings.rabbitmq_url.get_secret_value(), servers.rabbitmq_url),
            (settings.redis_url.get_secret_value(), servers.redis_url),
        )
    }

    def to_plain(url: str) -> str:
        port = urlsplit(url).port
        return url.replace(f":{port}/", f":{plain[port]}/")

    await refuses(connect, changed(settings, to_plain))


@pytest.mark.parametrize("connect", CLIENTS)
async def test_the_authoritys_file_is_read_for_each_connection(
    connect: Connect, settings: DoorSettings, tmp_path: Path, authority: Authority
) -> None:
    file, stranger = tmp_path / "both.crt", Authority(tmp_path).file
    own = changed(settings, str, backing_ca_file=file)
    shutil.copy(authority.file, file)
    await connect(own)
    shutil.copy(stranger, file)
    await refuses(connect, own)
    # Both authorities, as while one replaces the other.
    join(stranger, authority.file, into=file)
    await connect(own)


async def test_long_lived_connections_reconnect_with_the_current_authorities(
    settings: DoorSettings, tmp_path: Path, authority: Authority
) -> None:
    file = Authority(tmp_path).file
    async with redis_client(changed(settings, str, backing_ca_file=file).redis_url.get_secret_value()) as redis:
        with pytest.raises(Exception, match="certificate verify failed"):
            await redis.ping()
        shutil.copy(authority.file, file)
        assert await redis.ping()


@pytest.mark.parametrize("connect", CLIENTS)
async def test_a_missing_authority_file_is_named(connect: Connect, settings: DoorSettings, tmp_path: Path) -> None:
    file = tmp_path / "away.crt"
    with pytest.raises(Exception, match=str(file)):
        await connect(changed(settings, str, backing_ca_file=file))


async def test_a_pool_keeps_a_connection_until_the_server_ends_it(settings: DoorSettings, backing: Servers) -> None:
    database = Database.connect(settings.database_url.get_secret_value(), pool_size=1)
    first = await pid_of(database)
    # Other data that TLS sends, such as session tickets, does not end the connection.
    assert [await pid_of(database) for _ in range(3)] == [first] * 3
    with psycopg.connect(backing.postgres_url, autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))
    assert await pid_of(database) != first
    await database.close()


async def test_jobs_wait_and_do_not_run_on_a_server_of_another_authority(
    settings: DoorSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A process that was set up in an earlier test may have disabled the library's logger.
    caplog.set_level(logging.WARNING, logger="psycopg.pool")
    own = changed(settings, str, backing_ca_file=Authority(tmp_path).file)
    job = asyncio.create_task(run_a_job(own))
    await eventually(lambda: "certificate verify failed" in caplog.text)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job


async def refuses(connect: Connect, settings: DoorSettings) -> None:
    with pytest.raises(Exception, match=CLIENTS[connect]):
        await connect(settings)


async def pid_of(database: Database) -> int:
    async with database.read() as connection:
        pid: int = await connection.scalar(text("SELECT pg_backend_pid()"))
        return pid


def join(*files: Path, into: Path) -> None:
    into.write_bytes(b"".join(file.read_bytes() for file in files))
