"""Sessions store their origins, sealed. Nothing reads the trust of a device any more."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(ORIGINS)
    op.execute(TRUST)


ORIGINS = """
ALTER TABLE sessions ADD COLUMN started_from bytea, ADD COLUMN seen_from bytea;
-- For the last session of a device, which has the origin that the list of devices shows.
CREATE INDEX sessions_device ON sessions (user_id, device_id, started_at DESC, id DESC);
"""

# The column stays for the previous release, which still sets it during the rollout. The check is dropped, because this release
# revokes devices without clearing it.
TRUST = """
ALTER TABLE devices DROP CONSTRAINT devices_check;
UPDATE devices SET trusted_at = NULL WHERE trusted_at IS NOT NULL;
"""
