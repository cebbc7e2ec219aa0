"""A small schema for the chassis' own tests."""

from alembic import op

from chassis.persistence.migrations import append_only, platform_tables, scoped
from chassis.persistence.platform_schema import journal_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    journal_tables(op)
    op.execute("CREATE TABLE doors (id uuid PRIMARY KEY, is_open boolean NOT NULL)")
    op.execute("CREATE TABLE stones (id integer PRIMARY KEY)")
    append_only(op, "stones")
    op.execute("CREATE TABLE rooms (id uuid PRIMARY KEY, organization_id uuid NOT NULL, name text NOT NULL)")
    scoped(op, "rooms")
