"""Users, sealed profiles, wallet addresses, devices, sessions, signing keys."""

from alembic import op

from chassis.persistence.migrations import platform_tables, runtime_role

revision = "0001"
down_revision = None

# Users are deleted softly, and an issued address is never given to another user, so no row is ever deleted.
KEPT = ("users", "wallet_addresses")


def upgrade() -> None:
    platform_tables(op)
    op.execute(IDENTITY_TABLES)
    app_role = runtime_role(op.get_bind())
    for table in KEPT:
        op.execute(f'REVOKE DELETE, TRUNCATE ON "{table}" FROM "{app_role}"')


IDENTITY_TABLES = """
CREATE TABLE users (
    id uuid PRIMARY KEY,
    username text CONSTRAINT users_username_key UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._-]{2,63}$'),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    password_changed_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
    initial_role text NOT NULL CHECK (initial_role IN ('user', 'admin')),
    agreed_terms_at timestamptz,
    registered_at timestamptz NOT NULL,
    last_sign_in_at timestamptz
);
CREATE INDEX users_registered_at ON users (registered_at DESC, id DESC) WHERE status <> 'deleted';
CREATE INDEX users_administrators ON users (id) WHERE initial_role = 'admin';

-- Deleting a row here erases the subject: nothing else opens what the key sealed.
CREATE TABLE subject_keys (
    subject_id uuid PRIMARY KEY REFERENCES users,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE profiles (
    user_id uuid PRIMARY KEY REFERENCES users,
    full_name bytea NOT NULL,
    email bytea NOT NULL,
    phone bytea,
    organization bytea,
    email_index bytea NOT NULL CONSTRAINT profiles_email_index_key UNIQUE CHECK (length(email_index) = 32),
    phone_index bytea CONSTRAINT profiles_phone_index_key UNIQUE CHECK (length(phone_index) = 32),
    CHECK ((phone IS NULL) = (phone_index IS NULL))
);

CREATE TABLE wallet_addresses (
    address uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    issued_at timestamptz NOT NULL,
    retired_at timestamptz CHECK (retired_at >= issued_at)
);
CREATE INDEX wallet_addresses_user ON wallet_addresses (user_id, issued_at);

CREATE TABLE devices (
    user_id uuid NOT NULL REFERENCES users,
    device_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    device_id uuid NOT NULL,
    generation bigint NOT NULL CHECK (generation > 0),
    current_digest bytea NOT NULL CHECK (length(current_digest) = 32),
    previous_digest bytea CHECK (length(previous_digest) = 32),
    sealed_successor bytea,
    rotated_at timestamptz,
    authenticated_at timestamptz NOT NULL,
    methods text[] NOT NULL,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > started_at),
    ended_at timestamptz,
    end_reason text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    FOREIGN KEY (user_id, device_id) REFERENCES devices DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 80);
-- A device has one live session, even if the code is wrong.
CREATE UNIQUE INDEX sessions_live ON sessions (user_id, device_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_user ON sessions (user_id, started_at DESC, id DESC);

CREATE TABLE signing_keys (
    id uuid PRIMARY KEY,
    algorithm text NOT NULL CHECK (algorithm = 'ES256'),
    public_jwk jsonb NOT NULL,
    sealed_private bytea NOT NULL,
    created_at timestamptz NOT NULL,
    activated_at timestamptz,
    retired_at timestamptz CHECK (retired_at >= activated_at)
);
"""
