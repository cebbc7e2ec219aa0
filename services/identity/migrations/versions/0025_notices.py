"""Create requested notices, people's notices and preferences, and messages to addresses without an account."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute(NOTICES)
    op.execute(ADDRESS_MESSAGES)


NOTICES = """
-- "facts" are deleted when everyone is informed. The row stays, so that a repeated request sends nothing.
CREATE TABLE notice_requests (
    id uuid PRIMARY KEY,
    producer text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    template text NOT NULL,
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('person', 'role', 'permission', 'team', 'organization')),
    recipient_reference text NOT NULL,
    urgency text NOT NULL CHECK (urgency IN ('urgent', 'normal', 'digest')),
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    facts jsonb,
    informed_up_to uuid,
    informed integer NOT NULL,
    completed_at timestamptz,
    failure text,
    CONSTRAINT notice_requests_key UNIQUE (producer, key)
);
CREATE INDEX notice_requests_open ON notice_requests (received_at) WHERE completed_at IS NULL;
CREATE INDEX notice_requests_completed ON notice_requests (completed_at) WHERE completed_at IS NOT NULL;

-- No reference to users: a foreign key would lock the user's row while an erasure waits for the user's notices.
CREATE TABLE notices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    request_id uuid,
    template text NOT NULL,
    "group" text NOT NULL CHECK ("group" IN ('security', 'payments', 'approvals', 'system')),
    facts bytea NOT NULL,
    is_listed boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    mail_due_at timestamptz,
    mailed_at timestamptz,
    mailed_as text CHECK (mailed_as IN ('notice', 'digest')),
    withheld integer NOT NULL CHECK (withheld >= 0),
    CONSTRAINT notices_once UNIQUE (request_id, user_id)
);
CREATE INDEX notices_user ON notices (user_id, id DESC);
CREATE INDEX notices_unread ON notices (user_id, id DESC) WHERE read_at IS NULL AND is_listed;
CREATE INDEX notices_hour ON notices (user_id, created_at);
CREATE INDEX notices_mailed ON notices (user_id, mailed_at) WHERE mailed_as = 'notice';
CREATE INDEX notices_due ON notices (mail_due_at, user_id) WHERE mail_due_at IS NOT NULL;
CREATE INDEX notices_read ON notices (read_at) WHERE read_at IS NOT NULL;
CREATE INDEX notices_created ON notices (created_at);

CREATE TABLE notice_preferences (
    user_id uuid PRIMARY KEY REFERENCES users,
    sealed bytea NOT NULL,
    changed_at timestamptz NOT NULL
);
"""

ADDRESS_MESSAGES = """
-- "wrapped" is the key of this message alone. It is destroyed with the content after the delivery or at the end.
CREATE TABLE address_messages (
    id uuid PRIMARY KEY,
    caller text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    template text NOT NULL,
    wrapped bytea,
    sealed bytea,
    queued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > queued_at),
    delivered_at timestamptz,
    failed_at timestamptz,
    CONSTRAINT address_messages_key UNIQUE (caller, key),
    CHECK ((wrapped IS NULL) = (sealed IS NULL)),
    CHECK (delivered_at IS NULL OR failed_at IS NULL)
);
CREATE INDEX address_messages_held ON address_messages (expires_at) WHERE sealed IS NOT NULL;
CREATE INDEX address_messages_queued ON address_messages (queued_at);
"""
