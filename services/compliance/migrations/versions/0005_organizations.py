"""Find the entries of an organization."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Appends wait in the broker while the table is read once.
    op.execute(
        "CREATE INDEX audit_entries_of_organization ON audit_entries (organization_id, sequence)"
        " WHERE organization_id IS NOT NULL"
    )
