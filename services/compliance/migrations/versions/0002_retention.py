"""Create the statutory retention periods of records about a person."""

from alembic import op

from chassis.persistence.migrations import runtime_role

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(RETENTION)
    app_role = runtime_role(op.get_bind())
    op.execute(f'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON retention_rules FROM "{app_role}"')


# A change of the law requires a new migration of this table.
RETENTION = """
CREATE TABLE retention_rules (
    category text PRIMARY KEY,
    years smallint NOT NULL CHECK (years BETWEEN 0 AND 100),
    basis text NOT NULL
);
INSERT INTO retention_rules (category, years, basis) VALUES
    ('transactions', 5, 'Financial Intelligence Act 13 of 2012'),
    ('identification', 5, 'Financial Intelligence Act 13 of 2012');
"""
