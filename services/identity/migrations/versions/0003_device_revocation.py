"""Names, trust and revocation of devices; idle sessions."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(DEVICES)
    op.execute(SESSIONS)


DEVICES = """
ALTER TABLE devices
    ADD COLUMN name text CHECK (length(name) BETWEEN 1 AND 64),
    ADD COLUMN known_since timestamptz,
    ADD COLUMN trusted_at timestamptz,
    ADD COLUMN revoked_at timestamptz,
    ADD CHECK (revoked_at IS NULL OR trusted_at IS NULL);
CREATE INDEX devices_user ON devices (user_id, last_seen_at DESC, device_id);
"""

SESSIONS = """
-- For the job that ends idle sessions. On a column that never changes, so that refreshes stay HOT updates.
CREATE INDEX sessions_live_started ON sessions (started_at, id) WHERE ended_at IS NULL;
"""
