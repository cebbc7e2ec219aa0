"""The first start: keys, and an administrator whose password is printed once."""

import argparse
import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from chassis.health import NotReady
from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from identity.application import Identity
from identity.application.users.create_administrator import CreateAdministrator
from identity.commands.users import create_admin
from identity.domain.sign_in_name import SignInName
from identity.infrastructure.signing_keys import KeyRing
from identity.interfaces.first_start import AdministratorCheck, FirstStart
from identity.settings import IdentitySettings
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.identity.tests.stored import rows, views_of

STRANGER = Actor.anonymous(ip="198.51.100.7")


def first_start(identity: Identity, ring: KeyRing, *, retry_seconds: float = 60, **changes: Any) -> FirstStart:
    return FirstStart(
        identity.signing_keys.ensure_signing_keys,
        identity.users.create_administrator,
        ring.load,
        IdentitySettings(**changes),
        AdministratorCheck(),
        retry_seconds,
    )


async def make_administrator(settings: IdentitySettings, urls: DatabaseUrls, email: str) -> None:
    with_database = settings.model_copy(update={"database_url": SecretStr(urls.app)})
    assert await create_admin(with_database, argparse.Namespace(email=email)) == 0


async def until_administrator(database: Database) -> None:
    async def made() -> bool:
        return await views_of(database).credentials.credential(SignInName.email("admin@elcorp.na")) is not None

    await eventually(made, expected=True)


async def sign_in(identity: Identity, password: str, email: str = "admin@elcorp.na") -> None:
    await identity.sessions.sign_in(actor=STRANGER, name=SignInName.email(email), password=password, device_id=new_id())


async def test_a_generated_password_is_printed_once_and_works(
    identity: Identity, ring: KeyRing, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        seen_to = asyncio.Event()

        async def create(seen_to: asyncio.Event = seen_to, **asked: Any) -> Any:
            try:
                return await identity.users.create_administrator(**asked)
            finally:
                seen_to.set()

        start = replace(first_start(identity, ring), create_administrator=cast("CreateAdministrator", create))
        async with running(start.run):
            await seen_to.wait()
    told = [line for line in capsys.readouterr().out.splitlines() if "shown only once" in line]
    assert len(told) == 1
    await sign_in(identity, told[0].rsplit(" ", 1)[1])


async def test_a_configured_password_is_used_and_never_printed(
    identity: Identity, database: Database, ring: KeyRing, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(first_start(identity, ring, admin_password="Kunene-River-2026!").run):
        await until_administrator(database)
    assert "Kunene" not in capsys.readouterr().out
    await sign_in(identity, "Kunene-River-2026!")


async def test_bad_administrator_settings_are_reported_until_there_is_an_administrator(
    identity: Identity, ring: KeyRing, database_urls: DatabaseUrls, settings: IdentitySettings
) -> None:
    start = first_start(identity, ring, retry_seconds=0.05, admin_password="admin")

    def refusals(lines: list[Any]) -> list[Any]:
        return [line for line in lines if line["event"] == "administrator_not_made"]

    with capture_logs() as lines:
        async with running(start.run):
            await eventually(lambda: len(refusals(lines)) >= 3)
            with pytest.raises(NotReady, match=r"ELCORP_ADMIN_PASSWORD: The password is too short \(rule length_min\)"):
                await start.check()
            await make_administrator(settings, database_urls, "second@elcorp.na")
            await eventually(lambda: start.check.problem, expected=None)
    assert "create-admin" in refusals(lines)[0]["remedy"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"admin_email": "nobody"}, "ELCORP_ADMIN_EMAIL: The e-mail address is invalid"),
        ({"admin_password": "My-Passw0rd-of-Rundu!"}, "ELCORP_ADMIN_PASSWORD: .*rule context"),
        ({"admin_password": "ChangeMe-2026-Rundu!"}, "ELCORP_ADMIN_PASSWORD: .*rule context"),
        ({"admin_password": "Aa1!" * 40}, "ELCORP_ADMIN_PASSWORD: .*rule length_max"),
        ({"admin_password": "Kunene-River-\udcff-2026!"}, "ELCORP_ADMIN_PASSWORD: The password is not UTF-8"),
        ({"admin_email": "admin\udcff@elcorp.na"}, "ELCORP_ADMIN_EMAIL: The e-mail address is invalid"),
    ],
)
async def test_other_bad_settings_are_reported_too(
    identity: Identity, ring: KeyRing, given: dict[str, Any], problem: str
) -> None:
    start = first_start(identity, ring, **given)
    async with running(start.run):
        await eventually(lambda: start.check.problem != "not created yet")
    with pytest.raises(NotReady, match=problem):
        await start.check()


async def test_processes_that_start_together_create_one_administrator(
    identity: Identity, ring: KeyRing, database: Database
) -> None:
    starts = [first_start(identity, ring, admin_password="Kunene-River-2026!") for _ in range(4)]
    async with running(*(start.run for start in starts)):
        await eventually(lambda: [start.check.problem for start in starts], expected=[None] * 4)
    assert await rows(database, "SELECT count(*) FROM users WHERE initial_role = 'admin'") == [(1,)]


async def test_settings_are_not_read_if_an_administrator_exists(
    identity: Identity, ring: KeyRing, database_urls: DatabaseUrls, settings: IdentitySettings
) -> None:
    await make_administrator(settings, database_urls, "second@elcorp.na")
    start = first_start(identity, ring, admin_password="admin", admin_email="nobody")
    with capture_logs() as lines:
        async with running(start.run):
            await eventually(lambda: start.check.problem, expected=None)
    assert [line for line in lines if line["event"] == "administrator_not_made"] == []


async def test_a_placeholder_password_does_not_keep_a_process_from_starting(settings: IdentitySettings) -> None:
    given = IdentitySettings(
        environment="production", admin_password="changeme", rabbitmq_url="amqp://u:x@broker/", backing_plain=True
    )
    assert given.admin_password == SecretStr("changeme")


async def test_without_keys_nothing_is_signed_and_the_process_is_not_ready(settings: IdentitySettings, ring: KeyRing) -> None:
    with pytest.raises(Unavailable):
        await ring.check()


async def test_the_command_refuses_a_bad_address_with_a_message(
    database_urls: DatabaseUrls, settings: IdentitySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    with_database = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    assert await create_admin(with_database, argparse.Namespace(email="bad")) == 1
    assert capsys.readouterr().out == "No administrator was created: The e-mail address is invalid.\n"


async def test_the_command_creates_another_administrator(
    identity: Identity, database_urls: DatabaseUrls, settings: IdentitySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    for email in ("admin@elcorp.na", "second@elcorp.na"):
        await make_administrator(settings, database_urls, email)
        await sign_in(identity, capsys.readouterr().out.split()[-1], email)
