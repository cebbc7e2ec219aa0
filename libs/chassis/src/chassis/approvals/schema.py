"""The tables of approvals, and of idempotent requests that take several transactions."""

from chassis.persistence.migrations import Op, append_only, idempotent_steps, runtime_role


def approval_tables(op: Op) -> None:
    """Create the tables of approvals and their decisions, and of idempotent requests that take several transactions."""
    app = runtime_role(op.get_bind())
    op.execute(_TABLES)
    idempotent_steps(op)
    append_only(op, "approval_decisions")
    op.execute(_RIGHTS.replace("{app}", app))


_TABLES = """
-- What was asked never changes; a trigger refuses it to every role. Of its progress, only the columns after `state` change, and
-- only along the states of kernel.approvals.
CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    resource_id uuid NOT NULL,
    digest bytea NOT NULL CONSTRAINT approvals_digest CHECK (length(digest) = 32),
    content jsonb NOT NULL,
    asked_by text NOT NULL,
    on_behalf_of uuid,
    organization_id uuid,
    amount numeric(38,8),
    currency text,
    reason text NOT NULL,
    facts jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CONSTRAINT approvals_state CHECK (
        state IN ('pending', 'decided', 'executed', 'execution_failed', 'withdrawn', 'expired', 'superseded')
    ),
    decisions integer NOT NULL DEFAULT 0 CONSTRAINT approvals_decisions CHECK (decisions >= 0),
    decided_at timestamptz,
    closed_at timestamptz,
    failure text,
    CONSTRAINT approvals_amount CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT approvals_closed CHECK (
        (closed_at IS NOT NULL) = (state IN ('executed', 'withdrawn', 'expired', 'superseded'))
    ),
    CONSTRAINT approvals_one_per_thing UNIQUE (kind, resource_id, digest)
);
-- One at a time is open for a thing.
CREATE UNIQUE INDEX approvals_one_open ON approvals (kind, resource_id) WHERE state IN ('pending', 'decided', 'execution_failed');
CREATE INDEX approvals_to_expire ON approvals (expires_at) WHERE state IN ('pending', 'decided', 'execution_failed');
CREATE INDEX approvals_to_execute ON approvals (decided_at) WHERE state = 'decided';

CREATE TABLE approval_decisions (
    approval_id uuid NOT NULL REFERENCES approvals (id),
    number integer NOT NULL CONSTRAINT approval_decisions_from_one CHECK (number > 0),
    outcome text NOT NULL,
    -- Canonical JSON. The signature (Ed25519) is over "elcorp-approval-decision-v1", a line feed and the statement.
    statement bytea NOT NULL CONSTRAINT approval_decisions_statement CHECK (length(statement) <= 65536),
    key_id text NOT NULL,
    public_key bytea NOT NULL CONSTRAINT approval_decisions_public_key CHECK (length(public_key) = 32),
    signature bytea NOT NULL CONSTRAINT approval_decisions_signature CHECK (length(signature) = 64),
    -- SHA-256 of the owner and key of the idempotent request that decided, if one did.
    request_key bytea,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (approval_id, number)
);

CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' OR NEW.decisions <> 0 THEN
            RAISE EXCEPTION 'an approval begins as pending' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.kind, NEW.resource_id, NEW.digest, NEW.content, NEW.asked_by, NEW.on_behalf_of, NEW.organization_id,
        NEW.amount, NEW.currency, NEW.reason, NEW.facts, NEW.asked_at, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.id, OLD.kind, OLD.resource_id, OLD.digest, OLD.content, OLD.asked_by, OLD.on_behalf_of, OLD.organization_id,
        OLD.amount, OLD.currency, OLD.reason, OLD.facts, OLD.asked_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'what was asked does not change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT (CASE OLD.state
        WHEN 'pending' THEN NEW.state IN ('decided', 'withdrawn', 'expired', 'superseded')
        WHEN 'decided' THEN NEW.state IN ('executed', 'execution_failed', 'withdrawn', 'expired', 'superseded')
        WHEN 'execution_failed' THEN NEW.state IN ('decided', 'withdrawn', 'expired', 'superseded')
        ELSE false
    END) THEN
        RAISE EXCEPTION 'an approval does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Each decision is a row, written before the state says so; nothing else counts up.
    IF NEW.decisions <> OLD.decisions + (CASE WHEN NEW.state = 'decided' THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'a decision is counted once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state = 'decided' AND NOT EXISTS (
        SELECT FROM approval_decisions WHERE approval_id = NEW.id AND number = NEW.decisions
    ) THEN
        RAISE EXCEPTION 'an approval without a decision is not decided' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_guard BEFORE INSERT OR UPDATE ON approvals FOR EACH ROW EXECUTE FUNCTION guard_approval();
CREATE TRIGGER approvals_kept BEFORE DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_no_truncate BEFORE TRUNCATE ON approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Decisions are counted from 1, so that none can be put before or in place of another.
CREATE FUNCTION guard_approval_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM approvals
        WHERE id = NEW.approval_id AND state IN ('pending', 'execution_failed') AND decisions + 1 = NEW.number
    ) THEN
        RAISE EXCEPTION 'approval % takes no decision %', NEW.approval_id, NEW.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approval_decisions_guard BEFORE INSERT ON approval_decisions
    FOR EACH ROW EXECUTE FUNCTION guard_approval_decision();
"""

_RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON approvals FROM "{app}";
GRANT UPDATE (state, decisions, decided_at, closed_at, failure) ON approvals TO "{app}";
"""
