"""Accounts: contacts verified, password history, messages."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(MESSAGES)


MESSAGES = """
-- No reference to users: a message may go to somebody who is not one yet. "sealed" goes once the message has gone out.
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
