"""Sealed names of devices and passkeys, which are longer than the names in plain text."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("devices", "passkeys"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_name_check")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_name_check CHECK (length(name) BETWEEN 1 AND 512) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_name_check")
