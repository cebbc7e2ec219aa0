"""Device signing keys, labelled addresses, erasure."""

from alembic import op

from chassis.migrations import runtime_role

revision = "0005"
down_revision = "0004"

# What a key signed stays provable, so that its row stays too.
KEPT = ("device_keys",)


def upgrade() -> None:
    op.execute(DEVICE_KEYS)
    op.execute(ADDRESSES)
    app_role = runtime_role(op.get_bind())
    for table in KEPT:
        op.execute(f'REVOKE DELETE, TRUNCATE ON "{table}" FROM "{app_role}"')


DEVICE_KEYS = """
CREATE TABLE device_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    device_id uuid NOT NULL,
    algorithm text NOT NULL CHECK (algorithm IN ('Ed25519', 'ES256')),
    public_key bytea NOT NULL CONSTRAINT device_keys_public_key_key UNIQUE,
    registered_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text,
    CHECK (length(public_key) = CASE algorithm WHEN 'Ed25519' THEN 32 ELSE 65 END),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
    FOREIGN KEY (user_id, device_id) REFERENCES devices
);
-- One device, one live key: whatever the code does.
CREATE UNIQUE INDEX device_keys_live ON device_keys (user_id, device_id) WHERE revoked_at IS NULL;
CREATE INDEX device_keys_user ON device_keys (user_id, registered_at DESC, id DESC);
"""

ADDRESSES = """
-- The label is the owner's own words: sealed under their key, erased with it.
ALTER TABLE wallet_addresses
    ADD COLUMN currency text NOT NULL DEFAULT 'NAD',
    ADD COLUMN label bytea;
"""
