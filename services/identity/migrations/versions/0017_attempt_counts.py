"""Attempts that anybody may repeat are counted by address before the audit log records them (ADR 0020)."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(COUNTS)
    # The source of the request for a message: its delivery is counted together with the request.
    op.execute("ALTER TABLE messages ADD COLUMN asked_from text")


COUNTS = """
-- "entered_at" is when the log last recorded the source, "singly" how many attempts since then were facts of their own,
-- "waiting" how many were counted, and "summarised" whether a count was recorded.
CREATE TABLE attempt_sources (
    source text PRIMARY KEY CHECK (source <> ''),
    entered_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    singly integer NOT NULL DEFAULT 1 CHECK (singly > 0),
    waiting bigint NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    summarised boolean NOT NULL DEFAULT false
);
CREATE INDEX attempt_sources_waiting ON attempt_sources (entered_at) WHERE waiting > 0;
CREATE INDEX attempt_sources_entered ON attempt_sources (entered_at);

CREATE TABLE attempt_counts (
    source text NOT NULL REFERENCES attempt_sources,
    action text NOT NULL,
    reason text NOT NULL,
    account text NOT NULL,
    attempts bigint NOT NULL CHECK (attempts > 0),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (source, action, reason, account)
);
"""
