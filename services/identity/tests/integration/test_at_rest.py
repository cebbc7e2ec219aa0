"""The stored data contains nothing that a thief of the database could read (ASVS 11.3, POPIA)."""

from uuid import uuid4

import psycopg
import pytest

from chassis.crypto import UnsealableError
from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from identity.application import Identity
from identity.application.ports.session_rules import TokenPair
from identity.domain.sign_in_name import SignInName
from kernel.pages import PageRequest
from services.identity.tests.people import PASSWORD, STRANGER, register
from services.identity.tests.stored import views_of

PERSONAL = ("Shikongo", "example.na", "811234567", "Kunene Traders", PASSWORD)


def dump(urls: DatabaseUrls) -> str:
    """Read every row of every identity table as text."""
    with psycopg.connect(urls.owner) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        contents = [
            str(connection.execute(psycopg.sql.SQL("SELECT t.* FROM {} t").format(psycopg.sql.Identifier(table))).fetchall())
            for (table,) in tables
        ]
    return "\n".join(contents)


def execute(urls: DatabaseUrls, statement: str, *parameters: object) -> None:
    with psycopg.connect(urls.owner) as connection:
        connection.execute(statement, parameters)


@pytest.mark.clause("ASVS 7.2.3", "ASVS 11.5.1")
async def test_no_personal_data_password_or_token_is_readable(identity: Identity, database_urls: DatabaseUrls) -> None:
    enrolled = await register(identity, organization="Kunene Traders")
    device_id = uuid4()
    name = SignInName.email("ndapewa@example.na")
    pair = await identity.sessions.sign_in(actor=STRANGER, name=name, password=PASSWORD, device_id=device_id)
    assert isinstance(pair, TokenPair)
    next_pair = await identity.sessions.refresh_session(actor=STRANGER, refresh_token=pair.refresh_token, device_id=device_id)
    contents = dump(database_urls)
    assert str(enrolled.user_id) in contents
    tokens = (pair.refresh_token, next_pair.refresh_token, pair.access_token)
    assert not [secret for secret in (*PERSONAL, *tokens) if secret in contents]


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE profiles SET full_name = (SELECT full_name FROM profiles p WHERE p.user_id <> profiles.user_id)",
        "UPDATE profiles SET full_name = email",
        "UPDATE subject_keys SET wrapped = (SELECT wrapped FROM subject_keys k WHERE k.subject_id <> subject_keys.subject_id)",
        "UPDATE profiles SET email = set_byte(email, 20, get_byte(email, 20) # 1)",
    ],
)
async def test_sealed_values_open_only_in_their_place(
    identity: Identity, database: Database, database_urls: DatabaseUrls, move: str
) -> None:
    enrolled = await register(identity)
    await register(identity, email="johannes@example.na", phone="+264811234568")
    execute(database_urls, move)
    with pytest.raises(UnsealableError):
        await views_of(database).users.user(enrolled.user_id)


async def test_a_subject_without_its_key_cannot_be_read(
    identity: Identity, database: Database, database_urls: DatabaseUrls
) -> None:
    enrolled = await register(identity)
    execute(database_urls, "DELETE FROM subject_keys WHERE subject_id = %s", enrolled.user_id)
    assert await views_of(database).users.user(enrolled.user_id) is None
    assert (await views_of(database).users.users(PageRequest())).items == []


@pytest.mark.parametrize("statement", ["DELETE FROM users", "DELETE FROM wallet_addresses", "TRUNCATE users CASCADE"])
async def test_the_runtime_role_cannot_delete_users_or_wallet_addresses(
    identity: Identity,
    database_urls: DatabaseUrls,
    statement: str,
) -> None:
    await register(identity)
    with psycopg.connect(database_urls.app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


async def test_the_database_allows_one_live_session_per_device(identity: Identity, database_urls: DatabaseUrls) -> None:
    await register(identity)
    name = SignInName.email("ndapewa@example.na")
    await identity.sessions.sign_in(actor=STRANGER, name=name, password=PASSWORD, device_id=uuid4())
    twin = """
        INSERT INTO sessions
            (id, user_id, device_id, generation, current_digest, authenticated_at, methods, started_at, expires_at)
        SELECT gen_random_uuid(), user_id, device_id, 1, current_digest, now(), methods, now(), now() + interval '1 day'
        FROM sessions
    """
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(database_urls, twin)
