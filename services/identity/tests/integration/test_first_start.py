"""The first start: keys, and an administrator whose password is told once."""

import argparse
import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from identity.application import Identity
from identity.application.accounts.create_administrator import CreateAdministrator
from identity.application.sessions.queries import SignInName
from identity.bootstrap.commands import create_admin
from identity.domain.errors import WeakPassword
from identity.infrastructure.signing_keys import KeyRing
from identity.interfaces.first_start import FirstStart
from identity.settings import IdentitySettings
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.ids import new_id

STRANGER = Actor.anonymous(ip="198.51.100.7")


def first_start(identity: Identity, ring: KeyRing, **changes: Any) -> FirstStart:
    settings = IdentitySettings(**changes)
    return FirstStart(identity.keys.ensure_signing_keys, identity.accounts.create_administrator, ring.load, settings)


async def until_administrator(identity: Identity) -> None:
    async def made() -> bool:
        return await identity.queries.credential(SignInName.email("admin@elcorp.na")) is not None

    await eventually(made, expected=True)


async def sign_in(identity: Identity, password: str, email: str = "admin@elcorp.na") -> None:
    await identity.sessions.sign_in(actor=STRANGER, name=SignInName.email(email), password=password, device_id=new_id())


async def test_generated_password_is_printed_once_and_works(
    identity: Identity, ring: KeyRing, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        seen_to = asyncio.Event()

        async def create(seen_to: asyncio.Event = seen_to, **asked: Any) -> Any:
            try:
                return await identity.accounts.create_administrator(**asked)
            finally:
                seen_to.set()

        start = replace(first_start(identity, ring), create_administrator=cast("CreateAdministrator", create))
        async with running(start.run):
            await seen_to.wait()
    told = [line for line in capsys.readouterr().out.splitlines() if "shown only now" in line]
    assert len(told) == 1
    await sign_in(identity, told[0].rsplit(" ", 1)[1])


async def test_given_password_is_taken_and_never_printed(
    identity: Identity, ring: KeyRing, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(first_start(identity, ring, admin_password="Kunene-River-2026!").run):
        await until_administrator(identity)
    assert "Kunene" not in capsys.readouterr().out
    await sign_in(identity, "Kunene-River-2026!")


async def test_weak_given_password_stops_the_process(identity: Identity, ring: KeyRing) -> None:
    with pytest.raises(WeakPassword):
        await first_start(identity, ring, admin_password="admin").run(asyncio.Event())


async def test_without_keys_nothing_is_signed_and_the_process_is_not_ready(settings: IdentitySettings, ring: KeyRing) -> None:
    with pytest.raises(Unavailable):
        await ring.check()


async def test_command_makes_one_more_administrator(
    identity: Identity, database_urls: DatabaseUrls, settings: IdentitySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    for email in ("admin@elcorp.na", "second@elcorp.na"):
        arguments = argparse.Namespace(email=email)
        assert await create_admin(settings.model_copy(update={"database_url": SecretStr(database_urls.app)}), arguments) == 0
        await sign_in(identity, capsys.readouterr().out.split()[-1], email)
