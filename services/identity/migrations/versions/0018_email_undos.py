"""Links to the former mailbox that undo a change of e-mail address."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(EMAIL_UNDOS)


# "email" is sealed under the subject's key, so an erasure destroys it. A link is deleted some time after its end.
EMAIL_UNDOS = """
CREATE TABLE email_undos (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    digest bytea NOT NULL CONSTRAINT email_undos_digest_key UNIQUE CHECK (length(digest) = 32),
    email bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at timestamptz
);
CREATE INDEX email_undos_user ON email_undos (user_id, created_at);
CREATE INDEX email_undos_end ON email_undos (expires_at);
"""
