"""Only the relay's role deletes outbox rows, from the first relay of this release on."""

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


def test_only_the_relays_role_reserves_the_outbox(unreserved: DatabaseUrls) -> None:
    with psycopg.connect(unreserved.app, autocommit=True) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(RESERVE)


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
