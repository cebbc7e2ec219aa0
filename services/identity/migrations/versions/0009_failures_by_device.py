"""Wrong codes are counted by known device, by session, and for all unknown devices together."""

from alembic import op

revision = "0009"
down_revision = "0010"


def upgrade() -> None:
    # The previous release writes no counter: its failures count as those of unknown devices, and it counts all failures.
    op.execute("ALTER TABLE second_factor_failures ADD COLUMN counter text NOT NULL DEFAULT 'unknown_devices'")
    op.execute("ALTER TABLE sign_in_challenges ADD COLUMN known_device boolean NOT NULL DEFAULT false")
