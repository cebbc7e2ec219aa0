"""The rights of the relay's role and of the runtime role on the outbox and the journal."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from chassis.messaging.outbox_table import RESERVE
from chassis.persistence import migrations
from chassis.persistence.platform_schema import RelayRoleMissing
from chassis.testing.databases import Databases, DatabaseUrls
from libs.chassis.tests.persistence.doors_database import VERSIONS

DELETE = b"DELETE FROM outbox"
FACT = "gen_random_uuid(), sha256('')"
MESSAGE = "gen_random_uuid(), 't', '', '{}'"


@pytest.fixture
def unreserved(databases: Databases, urls: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """A migrated database in which no relay of this release has led; it has the roles of `urls`."""
    name = f"test_doors_{uuid4().hex[:12]}"

    def there(url: str) -> str:
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    made = DatabaseUrls(there(urls.owner), there(urls.app), there(urls.relay), name)
    owner = urlsplit(urls.owner).username or ""
    with psycopg.connect(databases.superuser_url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
        try:
            migrations.upgrade(made.owner, VERSIONS, say=lambda _line: None)
            yield made
        finally:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_the_relay_of_the_previous_release_works_until_one_of_this_release_leads(unreserved: DatabaseUrls) -> None:
    with psycopg.connect(unreserved.app, autocommit=True) as app, psycopg.connect(unreserved.relay, autocommit=True) as relay:
        app.execute(DELETE)
        # Each new leader does it again.
        relay.execute(RESERVE)
        relay.execute(RESERVE)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(DELETE)
        relay.execute(DELETE)
        app.execute("INSERT INTO outbox (message_id, type, payload, headers) VALUES (gen_random_uuid(), 't', '', '{}')")
        assert relay.execute("SELECT type FROM outbox").fetchall() == [("t",)]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        *(
            ("app", f"{change} {table}{rest}")
            for table, column in (("audit_journal", "digest"), ("audit_journal_numbers", "chain"), ("outbox", "payload"))
            for change, rest in (("DELETE FROM", ""), ("TRUNCATE", ""), ("UPDATE", f" SET {column} = {column}"))
        ),
        ("app", "INSERT INTO audit_journal_numbers (number, position, chain, low_water) VALUES (1, 1, sha256(''), 0)"),
        # A position far ahead would make the relay overlook all later rows.
        ("app", f"INSERT INTO audit_journal (position, fact_id, digest) OVERRIDING SYSTEM VALUE VALUES (99, {FACT})"),
        (
            "app",
            f"INSERT INTO outbox (position, message_id, type, payload, headers) OVERRIDING SYSTEM VALUE VALUES (99, {MESSAGE})",
        ),
        ("app", "SELECT nextval('audit_journal_position_seq')"),
        ("app", "SELECT setval('outbox_position_seq', 99)"),
        ("app", "SELECT reserve_outbox_for_relay()"),
        ("relay", f"INSERT INTO audit_journal (fact_id, digest) VALUES ({FACT})"),
        ("relay", f"INSERT INTO outbox (message_id, type, payload, headers) VALUES ({MESSAGE})"),
        ("relay", "UPDATE outbox SET payload = ''"),
        ("relay", "DELETE FROM audit_journal"),
        ("relay", "DELETE FROM audit_journal_numbers"),
        ("relay", "UPDATE audit_journal_numbers SET chain = chain"),
        *(("relay", f"SELECT FROM {table}") for table in ("doors", "inbox", "idempotency_keys", "procrastinate_jobs")),
    ],
)
def test_each_role_is_refused_what_is_not_its_work(urls: DatabaseUrls, role: str, statement: str) -> None:
    with psycopg.connect(getattr(urls, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_not_even_the_owner_changes_the_journal(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.app, autocommit=True) as app:
        app.execute(f"INSERT INTO audit_journal (fact_id, digest) VALUES ({FACT})".encode())
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        for change in (b"DELETE FROM audit_journal", b"UPDATE audit_journal SET digest = digest", b"TRUNCATE audit_journal"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                owner.execute(change)
        assert owner.execute("SELECT count(*) FROM audit_journal").fetchone() == (1,)


def test_a_migration_without_the_relays_role_says_what_to_do(databases: Databases) -> None:
    service = f"test_{uuid4().hex[:8]}"
    owner, app = sql.Identifier(f"{service}_owner"), sql.Identifier(f"{service}_app")
    url = urlsplit(databases.superuser_url)
    with psycopg.connect(databases.superuser_url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'test'").format(owner))
        superuser.execute(sql.SQL("CREATE ROLE {}").format(app))
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(service), owner))
        try:
            given = url._replace(netloc=f"{service}_owner:test@{url.hostname}:{url.port}", path=f"/{service}")
            with pytest.raises(RelayRoleMissing, match=f"^there is no role {service}_relay: run databases.sh"):
                migrations.upgrade(urlunsplit(given), VERSIONS, say=lambda _line: None)
        finally:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(service)))
            superuser.execute(sql.SQL("DROP ROLE {}, {}").format(owner, app))
