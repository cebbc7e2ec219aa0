"""Indexes and functions for history and statements, and the tables of the ledger's own check."""

from alembic import op

from chassis.persistence.migrations import append_only, runtime_role

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(READS)
    append_only(op, "ledger_breaks")
    for table in ("accounts", "transfers"):
        _never_removed(table)


def _never_removed(table: str) -> None:
    """Refuse to delete rows, as for postings: an account, or a transfer that has no postings yet."""
    op.execute(f'REVOKE DELETE, TRUNCATE ON "{table}" FROM "{runtime_role(op.get_bind())}"')
    op.execute(f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


READS = """
-- Ids are in the order of creation, so the newest transfers of an account, in either direction, cost the same for any number.
CREATE INDEX transfers_source ON transfers (source_id, id);
CREATE INDEX transfers_target ON transfers (target_id, id);

-- The last posting of an account before a moment, where a statement starts. An account's postings are written under its lock,
-- so their times rise with their sequence, and a binary search finds it in about twenty index lookups.
CREATE FUNCTION last_sequence_before(account uuid, instant timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint;
    high bigint;
    middle bigint;
    probe record;
BEGIN
    SELECT sequence, posted_at INTO probe FROM postings WHERE account_id = account ORDER BY sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF probe.posted_at < instant THEN
        RETURN probe.sequence;
    END IF;
    high := probe.sequence;
    SELECT sequence, posted_at INTO probe FROM postings WHERE account_id = account ORDER BY sequence LIMIT 1;
    IF probe.posted_at >= instant THEN
        RETURN 0;
    END IF;
    low := probe.sequence;
    -- Invariant: the posting at `low` is before the instant, and no posting from `high` on is.
    WHILE high - low > 1 LOOP
        middle := low + (high - low) / 2;
        SELECT sequence, posted_at INTO probe FROM postings
        WHERE account_id = account AND sequence >= middle AND sequence < high ORDER BY sequence LIMIT 1;
        IF FOUND AND probe.posted_at < instant THEN
            low := probe.sequence;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- Up to which posting each account's balance has been checked.
CREATE TABLE ledger_marks (
    account_id uuid PRIMARY KEY REFERENCES accounts,
    version bigint NOT NULL,
    sequence bigint NOT NULL,
    balance numeric(38, 8) NOT NULL,
    held numeric(38, 8) NOT NULL,
    checked_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- What did not add up, one row for each different finding.
CREATE TABLE ledger_breaks (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    what text NOT NULL CHECK (what IN ('balance', 'held', 'chain')),
    expected numeric(38, 8) NOT NULL,
    found numeric(38, 8) NOT NULL,
    found_at timestamptz NOT NULL,
    UNIQUE (account_id, what, expected, found)
);
"""
