"""Replacing the master key wraps every subject key and signing key again, changes no sealed value and loses nothing."""

import asyncio
import base64
import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chassis.crypto import UnsealableError
from chassis.persistence.database import Database
from chassis.process_settings import SettingRefused
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from identity.application import Identity
from identity.application.wrapped_keys.rotate_master_key import BATCH
from identity.bootstrap import check_keys
from identity.commands.master_key import USAGE_ERROR, rotate_master_key, rotation
from identity.infrastructure.sql.views import SqlViews
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work, vault
from kernel.actor import Actor
from services.identity.tests.people import register
from services.identity.tests.stored import MASTER_KEY

NEW_KEY = base64.b64encode(os.urandom(32)).decode()
Made = Callable[..., IdentitySettings]


@pytest.fixture
def made(settings: IdentitySettings, database_urls: DatabaseUrls) -> Made:
    """Make settings with these keys; the digest key never changes."""

    def make(master_key: str, other: str = "", digest: str = MASTER_KEY) -> IdentitySettings:
        keys: dict[str, Any] = {"master_key": master_key, "other_master_key": other, "digest_key": digest}
        return IdentitySettings(**keys, database_url=database_urls.app)

    return make


def rows(urls: DatabaseUrls, query: str) -> list[Any]:
    with psycopg.connect(urls.owner) as connection:
        return connection.execute(query).fetchall()


async def test_another_key_than_the_stored_ones_is_refused_at_the_start(
    identity: Identity, made: Made, database: Database
) -> None:
    await register(identity)
    for keys in (made(MASTER_KEY), made(NEW_KEY, MASTER_KEY), made("")):
        await check_keys(keys, database)
    with pytest.raises(SettingRefused, match="ELCORP_MASTER_KEY does not open the keys in the database"):
        await check_keys(made(NEW_KEY), database)
    with pytest.raises(SettingRefused, match=r"ELCORP_DIGEST_KEY .* is not the key of the digests in the database"):
        await check_keys(made(MASTER_KEY, digest=NEW_KEY), database)


async def test_rotation_wraps_keys_again_and_changes_no_sealed_value(
    identity: Identity, made: Made, database: Database, database_urls: DatabaseUrls, clock: ControlledClock
) -> None:
    ndapewa = await register(identity)
    await register(identity, email="johannes@example.na", phone="+264811234568")
    profiles, wrapped = "SELECT * FROM profiles ORDER BY user_id", "SELECT wrapped FROM subject_keys"
    before, wrapped_before = rows(database_urls, profiles), rows(database_urls, wrapped)
    both, new = made(NEW_KEY, MASTER_KEY), made(NEW_KEY)
    with pytest.raises(UnsealableError):
        await SqlViews.of(database, vault(new), clock).users.user(ndapewa.user_id)
    rotate = rotation(both, database, clock)
    # Two subjects; the signing key and the next one.
    assert [await rotate(), await rotate()] == [4, 0]
    assert rows(database_urls, profiles) == before
    assert not set(wrapped_before) & set(rows(database_urls, wrapped))
    for settings in (both, new):
        view = await SqlViews.of(database, vault(settings), clock).users.user(ndapewa.user_id)
        assert view
        assert view.email == "ndapewa@example.na"
    with pytest.raises(UnsealableError):
        await SqlViews.of(database, vault(made(MASTER_KEY)), clock).users.user(ndapewa.user_id)


async def test_both_master_keys_are_accepted_during_a_replacement(
    identity: Identity, made: Made, database: Database, clock: ControlledClock
) -> None:
    ndapewa = await register(identity)
    # First every process learns to open what the new key will seal, then they seal with it.
    for settings in (made(MASTER_KEY, NEW_KEY), made(NEW_KEY, MASTER_KEY)):
        views = SqlViews.of(database, vault(settings), clock)
        assert await views.users.user(ndapewa.user_id)
        async with unit_of_work(settings, database).begin(Actor.service("tests")) as tx:
            assert await tx.profiles.holder_of_email("NDAPEWA@example.na") == ndapewa.user_id
            assert (await tx.profiles.of(ndapewa.user_id)).email == "ndapewa@example.na"
        await rotation(settings, database, clock)()


async def test_concurrent_rotations_in_many_batches_wrap_each_key_once(
    made: Made, database: Database, database_urls: DatabaseUrls, clock: ControlledClock
) -> None:
    old = vault(made(MASTER_KEY))
    people = [UUID(int=number) for number in range(1, BATCH + 3)]
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute(
            """
            INSERT INTO users (id, password_hash, password_changed_at, status, initial_role, registered_at)
            SELECT id, '$argon2id$x', now(), 'active', 'user', now() FROM unnest(%s::uuid[]) AS id
            """,
            (people,),
        )
        with connection.cursor() as cursor:
            keys = [(person, old._subject_keys.new(str(person))) for person in people]
            cursor.executemany("INSERT INTO subject_keys (subject_id, wrapped) VALUES (%s, %s)", keys)
    rotate = rotation(made(NEW_KEY, MASTER_KEY), database, clock)
    assert sum(await asyncio.gather(*(rotate() for _ in range(3)))) == len(people)
    new = vault(made(NEW_KEY))
    wrapped = dict(rows(database_urls, "SELECT subject_id, wrapped FROM subject_keys"))
    assert [new.rewrap(person, wrapped[person]) for person in people] == [None] * len(people)


async def test_a_key_that_neither_master_key_opens_stops_the_rotation(
    identity: Identity, made: Made, database: Database, clock: ControlledClock
) -> None:
    await register(identity)
    with pytest.raises(UnsealableError):
        await rotation(made(NEW_KEY, base64.b64encode(bytes(32)).decode()), database, clock)()
    assert (await rotation(made(NEW_KEY, MASTER_KEY), database, clock)()) == 3


async def test_the_command_refuses_if_blind_indexes_would_be_lost(
    identity: Identity, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    await register(identity)
    assert await rotate_master_key(made(NEW_KEY, MASTER_KEY, digest=""), Namespace()) == USAGE_ERROR
    assert "ELCORP_DIGEST_KEY" in capsys.readouterr().err
    assert await rotate_master_key(made(NEW_KEY, MASTER_KEY), Namespace()) == 0
    assert capsys.readouterr().out.startswith("3 keys")
