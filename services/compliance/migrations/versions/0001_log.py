"""Create the audit log and the screening blocks."""

from alembic import op

from chassis.persistence.migrations import append_only, platform_tables, runtime_role

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    op.execute(LOG)
    for table in ("audit_entries", "audit_related", "audit_nodes", "checkpoints", "log_keys"):
        append_only(op, table)
    # The head is the only row that changes, and its size only increases.
    app_role = runtime_role(op.get_bind())
    op.execute(f'REVOKE INSERT, DELETE, TRUNCATE ON audit_head FROM "{app_role}"')
    # Blocks are lifted, never deleted.
    op.execute(f'REVOKE DELETE, TRUNCATE ON screening_blocks FROM "{app_role}"')
    op.execute(HEAD_MOVES_ON)


LOG = r"""
CREATE TABLE audit_entries (
    sequence bigint PRIMARY KEY,
    fact_id uuid NOT NULL UNIQUE,
    leaf bytea NOT NULL,
    -- RFC 6962: SHA-256 over a zero byte and the leaf. A leaf with another hash is not stored.
    leaf_hash bytea NOT NULL CONSTRAINT audit_entries_hash CHECK (leaf_hash = sha256('\x00'::bytea || leaf)),
    producer text NOT NULL,
    action text NOT NULL,
    actor_id text COLLATE "C" NOT NULL,
    resource_type text NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_entries_resource ON audit_entries (resource_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, sequence);

-- Entries are nearly in order of time, so this index takes a few bytes per thousand entries.
CREATE INDEX audit_entries_occurred_at ON audit_entries USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);

-- The other subjects of an entry; resource and actor have their indexes above. A narrow table rather than
-- an array with a GIN index, which stalls whole batches and cannot give a busy subject's entries in order.
CREATE TABLE audit_related (
    subject uuid NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (subject, sequence)
);
COMMENT ON COLUMN audit_related.subject IS
    'A UUID itself; any other text by the first 16 bytes of its SHA-256';

-- Roots of complete subtrees, at every eighth level.
CREATE TABLE audit_nodes (
    level smallint NOT NULL CHECK (level > 0 AND level % 8 = 0),
    index bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- One row, locked by each append: the size, and the hashes of the complete subtrees that cover the log.
CREATE TABLE audit_head (
    is_single boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    size bigint NOT NULL,
    hashes bytea[] NOT NULL
);
INSERT INTO audit_head (size, hashes) VALUES (0, '{}');

CREATE TABLE checkpoints (
    size bigint PRIMARY KEY CONSTRAINT checkpoints_size CHECK (size > 0),
    root_hash bytea NOT NULL CONSTRAINT checkpoints_root_hash CHECK (length(root_hash) = 32),
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

HEAD_MOVES_ON = """
CREATE FUNCTION refuse_to_move_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' AND NEW.size > OLD.size THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log only grows: % of its head refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_head_moves_on BEFORE UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION refuse_to_move_back();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_move_back();
"""
