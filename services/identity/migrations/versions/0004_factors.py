"""Second factors, passkeys, sign-in challenges, recovery."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(FACTORS)
    op.execute(SIGN_IN)
    op.execute(RECOVERY)


FACTORS = """
-- Since when the user has a second factor, which every session then requires. NULL for users without one.
ALTER TABLE users ADD COLUMN second_factor_since timestamptz;

-- The secret is sealed under the subject's key, so an erasure destroys it.
CREATE TABLE totps (
    user_id uuid PRIMARY KEY REFERENCES users,
    secret bytea,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL
);

CREATE TABLE backup_codes (
    user_id uuid NOT NULL REFERENCES users,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);

CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    backed_up boolean NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    flagged_at timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);
"""

SIGN_IN = """
CREATE TABLE sign_in_challenges (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT sign_in_challenges_digest_key UNIQUE CHECK (length(digest) = 32),
    user_id uuid NOT NULL REFERENCES users,
    device_id uuid NOT NULL,
    methods text[] NOT NULL,
    password_changed_at timestamptz NOT NULL,
    enrolment boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries smallint NOT NULL CHECK (tries BETWEEN 0 AND 5),
    finished_at timestamptz
);
CREATE INDEX sign_in_challenges_user ON sign_in_challenges (user_id);
CREATE INDEX sign_in_challenges_end ON sign_in_challenges (expires_at);

-- Wrong codes of the last hour, at sign-in and in sessions.
CREATE TABLE second_factor_failures (
    user_id uuid NOT NULL REFERENCES users,
    failed_at timestamptz NOT NULL
);
CREATE INDEX second_factor_failures_user ON second_factor_failures (user_id, failed_at);

CREATE TABLE passkey_ceremonies (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('register', 'sign_in', 'step_up')),
    user_id uuid REFERENCES users,
    challenge bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkey_ceremonies_end ON passkey_ceremonies (expires_at);
"""

RECOVERY = """
CREATE TABLE password_resets (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    digest bytea NOT NULL CONSTRAINT password_resets_digest_key UNIQUE CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX password_resets_user ON password_resets (user_id, created_at);

CREATE TABLE recovery_requests (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    reason text NOT NULL CHECK (reason IN ('lost', 'stolen', 'broken', 'replaced')),
    status text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    decision_reason text,
    CHECK ((status = 'pending') = (decided_at IS NULL)),
    -- Nobody decides on their own account, even if the code is wrong.
    CHECK (decided_by <> user_id)
);
CREATE INDEX recovery_requests_pending ON recovery_requests (requested_at, id) WHERE status = 'pending';
CREATE INDEX recovery_requests_user ON recovery_requests (user_id, requested_at DESC);
"""
