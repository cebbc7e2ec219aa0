"""Identity behind PgBouncer in transaction mode."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.pooler import pooler, prepares
from services.identity.tests.contract.api import Api


@pytest.fixture
async def database(database_urls: DatabaseUrls, databases: Databases) -> AsyncIterator[Database]:
    # Fewer connections than the process has to the pooler, so that transactions take turns on them.
    with pooler(database_urls, databases.superuser_url, connections=2) as before:
        database = Database.connect(before.through(database_urls.app), pool_size=8, pooled=True, prepared=prepares())
        yield database
        await database.close()


async def test_concurrent_sign_ins_create_lasting_sessions(api: Api) -> None:
    await api.register()
    devices = [str(uuid4()) for _ in range(8)]
    answers = await asyncio.gather(*(api.login(device_id=each) for each in devices))
    pairs = [answer.json()["data"] for answer in answers]
    again = await asyncio.gather(
        *(api.refresh(pair["refresh_token"], device_id=device) for pair, device in zip(pairs, devices, strict=True))
    )

    assert {answer.status_code for answer in again} == {200}
