"""A process behind a pooler does not start without the limits that direct connections set themselves."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from chassis.persistence.pooled_sessions import UnlimitedSession
from chassis.process_settings import SettingRefused
from chassis.run.schema import wait_for_schema
from chassis.run.service import Service
from chassis.run.work import jobs, work
from chassis.settings import ServiceSettings
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.pooler import limit_sessions

ROOT = Path(__file__).parents[4]
Set = Callable[[str, str], None]


class DoorSettings(ServiceSettings):
    NAME: ClassVar[str] = "doors"


def never(settings):
    raise AssertionError("the check did not stop it")


SERVICE = Service("doors", DoorSettings, serving=never, working=never, jobs=never, migrations=Path(__file__).parent / "versions")


@pytest.fixture
def set_for_role(databases: Databases, urls: DatabaseUrls) -> Iterator[Set]:
    """Set the role's parameters in the database to their usual values, except one."""

    def set_(name: str, value: str) -> None:
        limit_sessions(urls, databases.superuser_url, **{name: value})

    yield set_
    with psycopg.connect(databases.superuser_url, autocommit=True) as superuser:
        superuser.execute(f'ALTER ROLE test_doors_app IN DATABASE "{urls.name}" RESET ALL'.encode())


async def test_a_process_behind_a_pooler_starts_if_its_role_has_the_limits(urls: DatabaseUrls, set_for_role: Set) -> None:
    set_for_role("statement_timeout", "3s")  # stricter than required
    await wait_for_schema(SERVICE, DoorSettings(database_url=urls.app, database_pooled=True), asyncio.Event())


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("timezone", "Africa/Windhoek"),
        ("jit", "on"),
    ],
)
async def test_a_process_behind_a_pooler_refuses_to_start_without_a_limit(
    urls: DatabaseUrls, set_for_role: Set, parameter: str, value: str
) -> None:
    set_for_role(parameter, value)
    with pytest.raises(UnlimitedSession, match=f"^{parameter} not in force behind ELCORP_DATABASE_URL: run ") as refused:
        await wait_for_schema(SERVICE, DoorSettings(database_url=urls.app, database_pooled=True), asyncio.Event())
    [script] = re.findall(r"run (\S+)", str(refused.value))
    assert (ROOT / script).is_file()
    # A process that connects directly sets them itself.
    await wait_for_schema(SERVICE, DoorSettings(database_url=urls.app), asyncio.Event())


@pytest.mark.parametrize("role", [work, jobs])
async def test_processes_that_listen_for_notifications_do_not_run_behind_a_pooler(role: Callable[..., Awaitable[bool]]) -> None:
    with pytest.raises(SettingRefused, match="ELCORP_DATABASE_POOLED is only for `serve`"):
        await role(SERVICE, DoorSettings(database_url="postgresql://nowhere/x", database_pooled=True), asyncio.Event())
