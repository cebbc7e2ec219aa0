"""Store the digest and organization of each fact, and what is known of the journals of the producers."""

from alembic import op

from chassis.persistence.migrations import runtime_role

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(TABLES)
    app_role = runtime_role(op.get_bind())
    op.execute(f'REVOKE DELETE, TRUNCATE ON producer_journals, completeness_findings FROM "{app_role}"')
    # A finding never changes, except that it is resolved.
    op.execute(f'REVOKE UPDATE ON completeness_findings FROM "{app_role}"')
    op.execute(f'GRANT UPDATE (resolved_at) ON completeness_findings TO "{app_role}"')


TABLES = """
-- SHA-256 of the fact's message, as its producer's journal has it; null for entries of releases without it.
ALTER TABLE audit_entries ADD COLUMN fact_digest bytea, ADD COLUMN organization_id uuid;

-- One row for each producer: up to which number its journal was compared with the log, and what the journal answered last.
CREATE TABLE producer_journals (
    producer text PRIMARY KEY,
    number bigint NOT NULL DEFAULT 0,
    chain bytea NOT NULL DEFAULT '',
    last_number bigint NOT NULL DEFAULT 0,
    unsent bigint NOT NULL DEFAULT 0,
    -- The journal's last number at several moments: a fact must be in the log some time after its number was seen.
    seen_numbers bigint[] NOT NULL DEFAULT '{}',
    seen_at timestamptz[] NOT NULL DEFAULT '{}',
    -- Entries of the log from here on may contain facts that were found to be missing.
    log_size bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    reached_at timestamptz,
    -- When everything that the journal had was compared, except facts that may still be on their way.
    reconciled_at timestamptz
);

CREATE TABLE completeness_findings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    producer text NOT NULL,
    kind text NOT NULL,
    number bigint NOT NULL,
    fact_id uuid,
    digest bytea,
    -- The producer's messages that the broker had not confirmed: the fact may have been in one of them.
    unsent bigint NOT NULL,
    found_at timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX completeness_findings_open ON completeness_findings (producer, kind, number, fact_id) NULLS NOT DISTINCT
    WHERE resolved_at IS NULL;
CREATE INDEX completeness_findings_fact ON completeness_findings (fact_id) WHERE resolved_at IS NULL;
CREATE INDEX completeness_findings_producer ON completeness_findings (producer, id);
"""
