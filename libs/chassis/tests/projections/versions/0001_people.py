"""A producer's table and its copy, in one database."""

from alembic import op

from chassis.persistence.migrations import platform_tables
from chassis.persistence.platform_schema import journal_tables
from chassis.projections.schema import feed_of, projection_of, projection_states

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    journal_tables(op)
    op.execute("CREATE TABLE people (id uuid PRIMARY KEY, status text NOT NULL, version bigint NOT NULL, visits int DEFAULT 0)")
    feed_of(op, "people", key="id", when="OF status")
    projection_states(op)
    projection_of(op, "copied_people", key="person_id", columns="status text NOT NULL")
