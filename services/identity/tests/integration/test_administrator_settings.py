"""A bad administrator password in the settings does not stop identity; a restart with a good one creates the administrator."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.processes import LoggingProcess, started
from chassis.testing.running import eventually
from identity.settings import IdentitySettings
from services.identity.tests.stored import rows


@pytest.fixture
def fakes(database_urls: DatabaseUrls, settings: IdentitySettings, broker_url: str, redis_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "ELCORP_ENVIRONMENT": "local",
        "ELCORP_DATABASE_URL": database_urls.app,
        "ELCORP_RABBITMQ_URL": broker_url,
        "ELCORP_REDIS_URL": redis_url,
        "ELCORP_MASTER_KEY": settings.master_key.get_secret_value(),
        **dict.fromkeys(("ELCORP_REST_PORT", "ELCORP_GRPC_PORT", "ELCORP_OPS_PORT"), "0"),
    }


@asynccontextmanager
async def serving(fakes: Mapping[str, str], password: str) -> AsyncIterator[LoggingProcess]:
    command = [sys.executable, "-m", "identity", "serve"]
    async with started(command, {**fakes, "ELCORP_ADMIN_PASSWORD": password}) as process:
        yield process


async def fetched(process: LoggingProcess, port: str, path: str) -> Any:
    url = f"http://127.0.0.1:{(await process.line('serving'))[port]}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json(content_type=None)


async def problem(process: LoggingProcess) -> str | None:
    report = await fetched(process, "ops_port", "/readyz")
    shown: str | None = report["checks"]["administrator"]
    return shown


async def test_a_process_with_a_bad_admin_password_serves_and_a_restart_with_a_good_one_creates_the_administrator(
    database: Database, fakes: dict[str, str]
) -> None:
    administrators = "SELECT count(*) FROM users WHERE initial_role = 'admin'"

    async with serving(fakes, "admin") as process:
        line = await process.line("administrator_not_made")
        assert line["level"] == "error"
        assert line["problem"] == "ELCORP_ADMIN_PASSWORD: The password is too short (rule length_min)"
        assert await problem(process) == f"no administrator was created: {line['problem']}"
        assert len((await fetched(process, "rest_port", "/.well-known/jwks.json"))["keys"]) == 2
        assert await rows(database, administrators) == [(0,)]

    async with serving(fakes, "Kunene-River-2026!") as process:

        async def healed() -> bool:
            return await problem(process) is None

        await eventually(healed)
    assert await rows(database, administrators) == [(1,)]
