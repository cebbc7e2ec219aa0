"""Addresses that the previous release stored folded: listed, found, and mailed only if that is safe."""

import argparse
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg import sql
from pydantic import SecretStr

from chassis.crypto import BlindIndex
from chassis.persistence import migrations
from chassis.persistence.database import Database
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.releases import copy_before
from identity.application import Identity
from identity.commands.users import folded_emails, unfold_email
from identity.domain.profile import Profile
from identity.infrastructure.vault import Vault
from identity.settings import IdentitySettings
from services.identity.tests.assembled import VERSIONS
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.stored import views_of

MIGRATION = "0008"
HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
ADD_USER = """
INSERT INTO users (id, password_hash, password_changed_at, status, initial_role, registered_at, email_verified_at)
VALUES (%s, %s, now(), 'active', 'user', now(), CASE WHEN %s THEN now() END)
"""
ADD_ADDRESS = "INSERT INTO wallet_addresses (address, user_id, issued_at, currency) VALUES (gen_random_uuid(), %s, now(), 'NAD')"


@dataclass(frozen=True, slots=True)
class ReleaseBefore:
    """Writes like a process of the previous release: the whole address folded, in the columns that it knows."""

    url: str
    key: bytes

    def add(self, email: str, *, is_verified: bool = False) -> UUID:
        user_id, folded = uuid4(), email.casefold()
        row = asdict(Vault(self.key).seal(user_id, Profile(full_name="Anna Ou", email=folded, phone=None)))
        del row["email_as_given"]
        wrapped = row.pop("wrapped_key")
        row |= {"user_id": user_id, "email_index": BlindIndex(self.key, purpose="email")(folded)}
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(sql.Placeholder() * len(row))
        with psycopg.connect(self.url) as connection:
            connection.execute(ADD_USER, (user_id, HASH, is_verified))
            connection.execute("INSERT INTO subject_keys (subject_id, wrapped) VALUES (%s, %s)", (user_id, wrapped))
            connection.execute(sql.SQL("INSERT INTO profiles ({}) VALUES ({})").format(columns, values), tuple(row.values()))
            connection.execute(ADD_ADDRESS, (user_id,))
        return user_id

    def listed(self) -> set[UUID]:
        with psycopg.connect(self.url) as connection:
            return {user_id for (user_id,) in connection.execute("SELECT user_id FROM emails_stored_folded").fetchall()}


@dataclass(frozen=True, slots=True)
class Stored:
    """Users of the previous release. The original of `folded` is unknown; `proven` was verified by a code to that address."""

    folded: UUID
    plain: UUID
    unicode: UUID
    proven: UUID


@pytest.fixture(scope="module")
def versions_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_before(MIGRATION, VERSIONS, tmp_path_factory.mktemp("before") / "versions")


@pytest.fixture
async def database_urls(databases: Databases, versions_before: Path) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("identity", versions_before) as urls:
        yield urls


@pytest.fixture
def release_before(database_urls: DatabaseUrls, settings: IdentitySettings) -> ReleaseBefore:
    return ReleaseBefore(database_urls.app, settings.key())


@pytest.fixture
def stored(release_before: ReleaseBefore, database_urls: DatabaseUrls) -> Stored:
    """The stored users, and the migration."""
    there_was = Stored(
        folded=release_before.add("karl@straße.example.na"),
        plain=release_before.add("anna@example.na"),
        unicode=release_before.add("u@bücher.example.na"),
        proven=release_before.add("paul@strasse.example.na", is_verified=True),
    )
    migrations.upgrade(database_urls.owner, VERSIONS, say=lambda _line: None)
    return there_was


@pytest.fixture
async def database(databases: Databases, database_urls: DatabaseUrls, stored: Stored) -> AsyncIterator[Database]:  # migrated
    async with databases.connect(database_urls.app, pool_size=8) as database:
        yield database


async def written(identity: Identity, database: Database) -> list[tuple[str, str]]:
    return [(each.template.value, each.to) for each in await mail(database)]


async def test_the_migration_lists_folded_addresses_that_were_never_verified(
    stored: Stored, release_before: ReleaseBefore, database: Database
) -> None:
    assert release_before.listed() == {stored.folded, stored.plain, stored.unicode}
    # While the previous release keeps running and folding, the list keeps growing.
    later = release_before.add("sophie@gross.example.na")
    assert later in release_before.listed()
    views = {user_id: await views_of(database).users.user(user_id) for user_id in (*release_before.listed(), stored.proven)}
    takes_none = {user_id for user_id, view in views.items() if view and not view.email_takes_mail}
    assert (len(views), takes_none) == (5, {stored.folded, later})


async def test_only_addresses_that_may_have_been_another_persons_get_no_mail(
    api: Api, identity: Identity, database: Database
) -> None:
    proven, alike = "paul@strasse.example.na", "u@bücher.example.na"
    for email in ("karl@strasse.example.na", "karl@straße.example.na", "anna@example.na", proven, alike):
        answer = await api.post("/auth/password-reset", {"email": email})
        assert (answer.status_code, answer.json()["data"]) == (202, {"accepted": True})
    assert await written(identity, database) == [
        ("nobody", "karl@strasse.example.na"),
        ("nobody", "karl@strasse.example.na"),
        ("password_reset", "anna@example.na"),
        ("password_reset", "paul@strasse.example.na"),
        ("password_reset", "u@bücher.example.na"),
    ]


async def test_the_owner_signs_in_verifies_the_address_and_gets_mail_again(
    api: Api, identity: Identity, database: Database, stored: Stored, release_before: ReleaseBefore
) -> None:
    """By the address as given to the previous release, which found it by folding."""
    token = (await api.login(email="karl@straße.example.na")).json()["data"]["access_token"]
    assert (await api.get("/users/me", token=token)).json()["data"]["email_takes_mail"] is False
    begun = len(await written(identity, database))
    pending = (await api.post("/users/me/email", {"email": "karl@straße.example.na"}, token=token)).json()["data"]
    assert (await api.verify(pending["verification_id"])).status_code == 200
    me = (await api.get("/users/me", token=token)).json()["data"]
    assert (me["email"], me["email_takes_mail"]) == ("karl@straße.example.na", True)
    assert stored.folded not in release_before.listed()
    await api.post("/auth/password-reset", {"email": "karl@straße.example.na"})
    await api.post("/auth/password-reset", {"email": "karl@strasse.example.na"})
    assert (await written(identity, database))[begun:] == [
        ("verify_email", "karl@straße.example.na"),
        # For any other user the old address is notified of the change.
        ("nobody", "karl@strasse.example.na"),
        ("password_reset", "karl@straße.example.na"),
        ("nobody", "karl@strasse.example.na"),
    ]


async def test_an_address_verified_as_stored_belongs_only_to_its_owner(api: Api) -> None:
    assert (await api.login(email="paul@straße.example.na")).status_code == 401
    assert (await api.login(email="paul@strasse.example.na")).status_code == 200
    assert (await api.register(email="paul@straße.example.na")).status_code == 200


@pytest.mark.parametrize("email", ["u@bücher.example.na", "u@xn--bcher-kva.example.na"])
async def test_an_address_the_previous_release_indexed_in_unicode_is_still_one_address(
    api: Api, identity: Identity, database: Database, stored: Stored, email: str
) -> None:
    await api.request_registration(email=email)
    assert await written(identity, database) == [("already_registered", "u@bücher.example.na")]
    token = (await api.login(email=email)).json()["data"]["access_token"]
    assert (await api.get("/users/me", token=token)).json()["data"]["id"] == str(stored.unicode)
    # Any change of the row updates it to today's index.
    await api.patch(f"/users/{stored.unicode}/profile", {"full_name": "Uta Ou"}, token=token)
    assert (await api.login(email=email)).status_code == 200


async def test_the_command_lists_users_who_get_no_mail(
    stored: Stored, settings: IdentitySettings, database_urls: DatabaseUrls, capsys: pytest.CaptureFixture[str]
) -> None:
    own = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    assert await folded_emails(own, argparse.Namespace()) == 0
    assert capsys.readouterr().out == f"{stored.folded}\n"


@pytest.mark.parametrize(
    ("email", "code", "to"),
    [
        ("Karl@straße.example.na", 0, "Karl@straße.example.na"),
        # The stored address, which was never folded.
        ("karl@strasse.example.na", 0, "karl@strasse.example.na"),
        ("thief@example.na", 1, None),
        ("no address", 1, None),
    ],
    ids=ascii,
)
async def test_the_command_restores_folded_addresses_and_redirects_no_mail(
    stored: Stored,
    identity: Identity,
    database: Database,
    settings: IdentitySettings,
    database_urls: DatabaseUrls,
    email: str,
    code: int,
    to: str | None,
) -> None:
    own = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    arguments = argparse.Namespace(user_id=stored.folded, email=email, reason="Asked by telephone")
    assert await unfold_email(own, arguments) == code
    assert await written(identity, database) == ([("account_created", to)] if to else [])
    view = await views_of(database).users.user(stored.folded)
    assert view is not None
    assert (view.email, view.email_takes_mail) == (to or "karl@strasse.example.na", to is not None)
    arguments.user_id = stored.proven
    assert await unfold_email(own, arguments) == 1
