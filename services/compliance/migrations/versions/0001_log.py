"""The audit log and the screening blocks."""

from alembic import op

from chassis.migrations import append_only, platform_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    op.execute(LOG)
    for table in ("audit_entries", "audit_subjects", "audit_nodes", "checkpoints", "log_keys"):
        append_only(op, table)


LOG = """
CREATE TABLE audit_entries (
    sequence bigint PRIMARY KEY,
    fact_id uuid NOT NULL UNIQUE,
    leaf bytea NOT NULL,
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),
    producer text NOT NULL,
    action text NOT NULL,
    actor_id text NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_entries_resource ON audit_entries (resource_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, sequence);

-- Under whom and what an entry is found. A narrow table rather than an array with a GIN index, whose upkeep costs more.
CREATE TABLE audit_subjects (
    subject_id text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (subject_id, sequence)
);

-- Roots of complete subtrees, at every eighth level.
CREATE TABLE audit_nodes (
    level smallint NOT NULL CHECK (level > 0 AND level % 8 = 0),
    index bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- One row, locked by whoever appends: the size, and the hashes of the complete subtrees that cover the log.
CREATE TABLE audit_head (
    is_single boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    size bigint NOT NULL,
    hashes bytea[] NOT NULL
);
INSERT INTO audit_head (size, hashes) VALUES (0, '{}');

CREATE TABLE checkpoints (
    size bigint PRIMARY KEY,
    root_hash bytea NOT NULL,
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The log's signing key, sealed under the master key.
CREATE TABLE log_keys (
    name text PRIMARY KEY,
    public_key bytea NOT NULL,
    sealed_seed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE screening_blocks (
    id uuid PRIMARY KEY,
    subject_id uuid NOT NULL,
    reason text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz
);
CREATE UNIQUE INDEX screening_blocks_standing ON screening_blocks (subject_id) WHERE lifted_at IS NULL;
"""
