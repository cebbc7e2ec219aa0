"""The table of long work (kernel.long_work)."""

from chassis.persistence.migrations import Op, runtime_role


def long_work_table(op: Op) -> None:
    """Create the table of long work (kernel.long_work). Its rows are only deleted by the owner role."""
    op.execute(_TABLE)
    op.execute(f'REVOKE DELETE, TRUNCATE ON long_work FROM "{runtime_role(op.get_bind())}"')


_TABLE = """
CREATE TABLE long_work (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    arguments jsonb NOT NULL,
    exclusive text,
    can_resume boolean NOT NULL,
    state text NOT NULL CONSTRAINT long_work_state
        CHECK (state IN ('queued', 'running', 'cancelling', 'cancelled', 'succeeded', 'failed')),
    done bigint NOT NULL CONSTRAINT long_work_done CHECK (done >= 0),
    total bigint CONSTRAINT long_work_total CHECK (total >= done),
    message text NOT NULL CONSTRAINT long_work_message CHECK (length(message) <= 300),
    checkpoint jsonb CONSTRAINT long_work_checkpoint CHECK (length(checkpoint::text) <= 1000000),
    result jsonb CONSTRAINT long_work_result CHECK (length(result::text) <= 1000000),
    error_code text,
    error text CONSTRAINT long_work_error CHECK (length(error) <= 1000),
    started_at timestamptz,
    finished_at timestamptz,
    run_at timestamptz,
    run_done bigint NOT NULL,
    attempts integer NOT NULL,
    attempts_before integer NOT NULL,
    version bigint NOT NULL,
    -- The job that does it.
    task text NOT NULL,
    queue text NOT NULL,
    CONSTRAINT long_work_ends CHECK ((finished_at IS NOT NULL) = (state IN ('cancelled', 'succeeded', 'failed'))),
    CONSTRAINT long_work_fails CHECK ((error_code IS NOT NULL) = (state = 'failed'))
);
CREATE INDEX long_work_of ON long_work (kind, id);
CREATE INDEX long_work_open ON long_work (updated_at) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX long_work_exclusive ON long_work (kind, exclusive) WHERE finished_at IS NULL;
"""
