"""A tighter log: narrow rows for related subjects, and more that the database itself refuses."""

from alembic import op

from chassis.migrations import append_only, runtime_role

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(RELATED)
    append_only(op, "audit_related")
    op.execute(STRICTER)
    # The head is the one row that changes, and it only moves on.
    app_role = runtime_role(op.get_bind())
    op.execute(f'REVOKE INSERT, DELETE, TRUNCATE ON audit_head FROM "{app_role}"')
    # Lifted, never removed.
    op.execute(f'REVOKE DELETE, TRUNCATE ON screening_blocks FROM "{app_role}"')
    op.execute(HEAD_MOVES_ON)


# Resource and actor have indexes on the entries themselves. Of 700 bytes an entry, 300 are left.
RELATED = """
CREATE TABLE audit_related (
    subject uuid NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (subject, sequence)
);
COMMENT ON COLUMN audit_related.subject IS
    'A UUID itself; any other text by the first 16 bytes of its SHA-256';
INSERT INTO audit_related (subject, sequence)
SELECT CASE
    WHEN s.subject_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN s.subject_id::uuid
    ELSE encode(substring(sha256(convert_to(s.subject_id, 'UTF8')) FROM 1 FOR 16), 'hex')::uuid
END, s.sequence
FROM audit_subjects s JOIN audit_entries e USING (sequence)
WHERE s.subject_id NOT IN (e.resource_id, e.actor_id);
DROP TABLE audit_subjects;
"""

STRICTER = r"""
-- RFC 6962: SHA-256 over a zero byte and the leaf. What does not hash to its hash is not stored.
ALTER TABLE audit_entries
    ADD CONSTRAINT audit_entries_hash CHECK (leaf_hash = sha256('\x00'::bytea || leaf)),
    DROP CONSTRAINT audit_entries_leaf_hash_check,
    ALTER COLUMN actor_id TYPE text COLLATE "C",
    ALTER COLUMN resource_id TYPE text COLLATE "C";
ALTER TABLE checkpoints
    ADD CONSTRAINT checkpoints_size CHECK (size > 0),
    ADD CONSTRAINT checkpoints_root_hash CHECK (length(root_hash) = 32);
-- Nearly in order of time: a few bytes a thousand entries.
CREATE INDEX audit_entries_occurred_at ON audit_entries USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);
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
