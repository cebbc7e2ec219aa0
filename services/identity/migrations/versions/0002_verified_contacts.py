"""Verified contacts, password history, messages."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(MESSAGES)
    op.execute(ONE_TIME_CODES)
    op.execute(ACCOUNTS)


MESSAGES = """
-- No reference to users: a recipient may not be a user yet. "sealed" is deleted after delivery.
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    template text NOT NULL,
    recipient_index bytea CHECK (length(recipient_index) = 32),
    sealed bytea,
    sealed_for_subject boolean NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    failed_at timestamptz,
    CHECK (delivered_at IS NULL OR failed_at IS NULL)
);
CREATE INDEX messages_user ON messages (user_id, queued_at DESC);
CREATE INDEX messages_kept ON messages (queued_at DESC, id DESC) WHERE sealed IS NOT NULL;
"""

ONE_TIME_CODES = """
-- A registration is a row here until its e-mail address is confirmed; "user_id" is the id of the future user.
CREATE TABLE one_time_codes (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('registration', 'email', 'phone')),
    user_id uuid NOT NULL,
    target_index bytea NOT NULL CHECK (length(target_index) = 32),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    decoy boolean NOT NULL,
    pending bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    tries smallint NOT NULL CHECK (tries BETWEEN 0 AND 5),
    sends smallint NOT NULL CHECK (sends BETWEEN 1 AND 5),
    used_at timestamptz
);
CREATE INDEX one_time_codes_target ON one_time_codes (target_index, sent_at);
CREATE INDEX one_time_codes_created ON one_time_codes (created_at);
CREATE INDEX one_time_codes_user ON one_time_codes (user_id);
"""

ACCOUNTS = """
ALTER TABLE users
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN phone_verified_at timestamptz,
    ADD COLUMN deleted_at timestamptz;
CREATE INDEX users_status ON users (status, registered_at DESC, id DESC);
CREATE INDEX users_last_sign_in ON users (last_sign_in_at DESC NULLS LAST, id DESC) WHERE status <> 'deleted';

-- Hashes of the passwords before the current one; the newest four must not be used again.
CREATE TABLE password_history (
    user_id uuid NOT NULL REFERENCES users,
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    replaced_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, replaced_at, password_hash)
);
"""
