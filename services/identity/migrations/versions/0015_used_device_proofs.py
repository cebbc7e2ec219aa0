"""Each proof of a device's key (RFC 9449) is accepted once."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(USED_DEVICE_PROOFS)


USED_DEVICE_PROOFS = """
-- A row is needed for minutes, until the proof's own time refuses it. `digest` is SHA-256 of its `jti`.
CREATE TABLE used_device_proofs (
    key_id uuid NOT NULL REFERENCES device_keys,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, digest)
);
CREATE INDEX used_device_proofs_expired ON used_device_proofs (expires_at);
"""
