"""Sessions keep from where they are used, sealed; nothing reads any more whether a device is trusted."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(ORIGINS)
    op.execute(TRUST)


ORIGINS = """
ALTER TABLE sessions ADD COLUMN started_from bytea, ADD COLUMN seen_from bytea;
-- The last session of a device, of which the list of devices shows from where it was seen.
CREATE INDEX sessions_device ON sessions (user_id, device_id, started_at DESC, id DESC);
"""

# The column stays for the previous release, which still marks devices while this one is rolled out. The check goes: this release
# revokes a device without looking at the mark.
TRUST = """
ALTER TABLE devices DROP CONSTRAINT devices_check;
UPDATE devices SET trusted_at = NULL WHERE trusted_at IS NOT NULL;
"""
