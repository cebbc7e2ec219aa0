"""Bulk transfers and schedules."""

from alembic import op

from chassis.persistence.migrations import append_only

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(BULKS)
    op.execute(SCHEDULES)
    append_only(op, "schedule_runs")


BULKS = """
CREATE TABLE bulks (
    id uuid PRIMARY KEY,
    initiator_id uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    source_id uuid NOT NULL REFERENCES accounts,
    currency char(3) NOT NULL,
    mode text NOT NULL CHECK (mode IN ('all_or_nothing', 'best_effort')),
    format text NOT NULL,
    label text NOT NULL DEFAULT '',
    lines_total int NOT NULL CHECK (lines_total BETWEEN 1 AND 10000),
    amount_total numeric(38, 8) NOT NULL CHECK (amount_total > 0),
    -- The actor for whom it runs, as of the submission.
    actor jsonb NOT NULL,
    status text NOT NULL DEFAULT 'accepted'
        CHECK (status IN ('accepted', 'running', 'cancelling', 'completed', 'partly_completed', 'failed', 'cancelled')),
    settled int NOT NULL DEFAULT 0 CHECK (settled >= 0),
    awaiting int NOT NULL DEFAULT 0 CHECK (awaiting >= 0),
    refused int NOT NULL DEFAULT 0 CHECK (refused >= 0),
    not_run int NOT NULL DEFAULT 0 CHECK (not_run >= 0),
    reason text,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    progressed_at timestamptz,
    ended_at timestamptz,
    version int NOT NULL DEFAULT 1,
    UNIQUE (initiator_id, idempotency_key),
    CONSTRAINT counted_lines CHECK (settled + awaiting + refused + not_run <= lines_total),
    CONSTRAINT ended_is_counted
        CHECK ((ended_at IS NULL) = (status IN ('accepted', 'running', 'cancelling'))
               AND (ended_at IS NULL OR settled + awaiting + refused + not_run = lines_total))
);
CREATE INDEX bulks_of ON bulks (initiator_id, id);
CREATE INDEX bulks_open ON bulks (coalesce(progressed_at, created_at)) WHERE ended_at IS NULL;

-- The lines of a bulk in the chunks in which it runs. One row has hundreds of lines, because their effect on the ledger is in
-- `transfers`, linked to the bulk. A line is [number, target, amount, description, reference], an outcome
-- [number, status, transfer, code, message].
CREATE TABLE bulk_chunks (
    bulk_id uuid NOT NULL REFERENCES bulks,
    number int NOT NULL CHECK (number > 0),
    first_line int NOT NULL,
    last_line int NOT NULL CHECK (last_line >= first_line),
    lines jsonb NOT NULL CHECK (jsonb_array_length(lines) = last_line - first_line + 1),
    outcomes jsonb CHECK (jsonb_array_length(outcomes) = last_line - first_line + 1),
    PRIMARY KEY (bulk_id, number)
);

-- Lines never change, and outcomes are written once.
CREATE FUNCTION require_outcome_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.lines <> OLD.lines OR OLD.outcomes IS NOT NULL OR NEW.bulk_id <> OLD.bulk_id OR NEW.number <> OLD.number THEN
        RAISE EXCEPTION 'chunk % of bulk % has run', OLD.number, OLD.bulk_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER bulk_chunks_run_once BEFORE UPDATE ON bulk_chunks FOR EACH ROW EXECUTE FUNCTION require_outcome_once();
"""

SCHEDULES = """
CREATE TABLE schedules (
    id uuid PRIMARY KEY,
    initiator_id uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    source_id uuid NOT NULL REFERENCES accounts,
    target_id uuid NOT NULL REFERENCES accounts,
    amount numeric(20, 8) NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    description text NOT NULL DEFAULT '',
    reference text NOT NULL DEFAULT '',
    frequency text NOT NULL CHECK (frequency IN ('once', 'daily', 'weekly', 'monthly')),
    -- The first occurrence; the others are counted from it, by the calendar of Namibia.
    starts_at timestamptz NOT NULL,
    ends_on date,
    occurrences_max int CHECK (occurrences_max > 0),
    actor jsonb NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'cancelled', 'ended')),
    -- The number (from 0) and the time of the next occurrence.
    next_number int NOT NULL DEFAULT 0 CHECK (next_number >= 0),
    next_at timestamptz,
    succeeded int NOT NULL DEFAULT 0,
    failed int NOT NULL DEFAULT 0,
    last_code text,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    version int NOT NULL DEFAULT 1,
    UNIQUE (initiator_id, idempotency_key),
    CHECK (source_id <> target_id),
    CONSTRAINT only_open_ones_are_due CHECK ((next_at IS NOT NULL) = (status IN ('active', 'paused')))
);
CREATE INDEX schedules_of ON schedules (initiator_id, id);
CREATE INDEX schedules_due ON schedules (next_at, id) WHERE status = 'active';

-- The outcome of each occurrence.
CREATE TABLE schedule_runs (
    schedule_id uuid NOT NULL REFERENCES schedules,
    number int NOT NULL,
    due_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    transfer_id uuid REFERENCES transfers,
    code text,
    message text,
    PRIMARY KEY (schedule_id, number),
    CHECK ((transfer_id IS NULL) = (code IS NOT NULL))
);
"""
