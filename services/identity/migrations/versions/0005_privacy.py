"""Signing keys of devices, labels of addresses, erasures."""

from alembic import op

from chassis.persistence.migrations import runtime_role

revision = "0005"
down_revision = "0004"

# Signatures and erasures must stay provable, so these rows are never deleted.
KEPT = ("device_keys", "erasures", "receipt_keys")


def upgrade() -> None:
    op.execute(DEVICE_KEYS)
    op.execute(ADDRESSES)
    op.execute(ERASURES)
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
-- A device has one live key, even if the code is wrong.
CREATE UNIQUE INDEX device_keys_live ON device_keys (user_id, device_id) WHERE revoked_at IS NULL;
CREATE INDEX device_keys_user ON device_keys (user_id, registered_at DESC, id DESC);
"""

ADDRESSES = """
-- The owner writes the label. It is sealed under the owner's key, so an erasure destroys it.
ALTER TABLE wallet_addresses
    ADD COLUMN currency text NOT NULL DEFAULT 'NAD',
    ADD COLUMN label bytea;
"""

ERASURES = """
ALTER TABLE users DROP CONSTRAINT users_status_check;
ALTER TABLE users ADD CONSTRAINT users_status_check
    CHECK (status IN ('active', 'suspended', 'deleted', 'restricted', 'erased'));

CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT erasures_user UNIQUE REFERENCES users,
    requested_by text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('asked', 'consent_withdrawn', 'no_longer_needed', 'ordered')),
    requested_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'restricted', 'erased')),
    answers jsonb NOT NULL,
    restricted_until timestamptz,
    erased_at timestamptz,
    receipt jsonb,
    CHECK ((status = 'erased') = (receipt IS NOT NULL)),
    CHECK ((status = 'requested') = (restricted_until IS NULL))
);
CREATE INDEX erasures_due ON erasures (restricted_until) WHERE status = 'restricted';
CREATE INDEX erasures_unanswered ON erasures (asked_at) WHERE status = 'requested';

-- The keys that sign receipts. The public keys stay as long as there are receipts.
CREATE TABLE receipt_keys (
    id uuid PRIMARY KEY,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    sealed_seed bytea NOT NULL,
    created_at timestamptz NOT NULL
);
"""
