"""Tables of several services: audit journal, parked messages, received checkpoints, long work and approvals.

A service creates the first three with `journal_tables(op)`, the table of long work with `long_work_table(op)` and those of
approvals with `approval_tables(op)` if it has any. Like every migration, they leave the previous release working.
"""

from sqlalchemy import Connection, text

from chassis.persistence.migrations import Op, append_only, runtime_role


class RelayRoleMissing(Exception):
    """The role <service>_relay does not exist. Run databases.sh (docs/operations.md), then migrate again."""


def journal_tables(op: Op) -> None:
    """Create the tables, and give the relay's role its rights. Raises RelayRoleMissing."""
    app, relay = runtime_role(op.get_bind()), relay_role(op.get_bind())
    op.execute(_TABLES)
    for table in ("audit_journal", "audit_journal_numbers", "heard_checkpoints"):
        append_only(op, table)
    op.execute(_RIGHTS.replace("{app}", app).replace("{relay}", relay))


def long_work_table(op: Op) -> None:
    """Create the table of long work (kernel.long_work). Its rows are only deleted by the owner role."""
    op.execute(_LONG_WORK)
    op.execute(f'REVOKE DELETE, TRUNCATE ON long_work FROM "{runtime_role(op.get_bind())}"')


def approval_tables(op: Op) -> None:
    """Create the tables of approvals and their decisions, and of idempotent requests that take several transactions."""
    app = runtime_role(op.get_bind())
    op.execute(_APPROVALS)
    append_only(op, "approval_decisions")
    op.execute(_APPROVAL_RIGHTS.replace("{app}", app))


def relay_role(connection: Connection) -> str:
    """Return the relay's role of the current owner role: payments_owner → payments_relay."""
    role = runtime_role(connection).removesuffix("_app") + "_relay"
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
        raise RelayRoleMissing(f"there is no role {role}: run databases.sh (docs/operations.md), then migrate again")
    return role


_LONG_WORK = """
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

# Rows of the journal never change: each vacuum freezes the pages that are new, so none of them is written again later.
_TABLES = """
-- One row for each audit fact, written in the transaction of its change. It has no content: after an erasure it proves only that
-- the fact existed.
CREATE TABLE audit_journal (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_id uuid NOT NULL,
    digest bytea NOT NULL CONSTRAINT audit_journal_digest CHECK (length(digest) = 32)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.0, autovacuum_vacuum_insert_threshold = 100000, autovacuum_freeze_min_age = 0);
-- The committed facts, numbered from 1 without gaps by the relay that leads. `chain` is SHA-256 over the previous chain (nothing
-- for number 1), the fact's id (16 bytes) and its digest.
CREATE TABLE audit_journal_numbers (
    number bigint PRIMARY KEY CONSTRAINT audit_journal_numbers_from_one CHECK (number > 0),
    position bigint NOT NULL UNIQUE,
    chain bytea NOT NULL CONSTRAINT audit_journal_numbers_chain CHECK (length(chain) = 32),
    -- No row of the journal at or below this position will ever get a number: where the next leader begins to look.
    low_water bigint NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.0, autovacuum_vacuum_insert_threshold = 100000, autovacuum_freeze_min_age = 0);

-- Aggregates whose message could not be handled. Their messages wait in `parked_messages`, in the order of their positions.
CREATE TABLE parked_aggregates (
    queue text NOT NULL,
    aggregate_id text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the first message is tried again; null: when an operator releases the aggregate.
    retry_at timestamptz,
    -- The first message's type, if it waits because a dependency of its handler is away.
    unavailable_type text,
    PRIMARY KEY (queue, aggregate_id)
);
CREATE TABLE parked_messages (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL,
    aggregate_id text NOT NULL,
    message_id text NOT NULL,
    type text NOT NULL,
    producer text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (queue, aggregate_id) REFERENCES parked_aggregates (queue, aggregate_id),
    UNIQUE (queue, aggregate_id, message_id)
);
CREATE INDEX parked_messages_order ON parked_messages (queue, aggregate_id, position);

-- Checkpoints of the audit log that this service has received. Two with one size and different roots prove a rewritten log.
CREATE TABLE heard_checkpoints (
    origin text NOT NULL,
    size bigint NOT NULL CONSTRAINT heard_checkpoints_size CHECK (size > 0),
    root_hash bytea NOT NULL CONSTRAINT heard_checkpoints_root_hash CHECK (length(root_hash) = 32),
    note text NOT NULL,
    -- When compliance announced it, and when it was stored here.
    signed_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, size, root_hash)
);
"""

_RIGHTS = """
-- The runtime role may not choose positions: with one far ahead, the relay would overlook all rows below it.
REVOKE INSERT ON audit_journal_numbers, audit_journal, outbox FROM "{app}";
GRANT INSERT (fact_id, digest) ON audit_journal TO "{app}";
GRANT INSERT (message_id, type, aggregate_id, payload, headers, created_at) ON outbox TO "{app}";
REVOKE ALL ON SEQUENCE audit_journal_position_seq, outbox_position_seq FROM "{app}";
GRANT USAGE ON SCHEMA public TO "{relay}";
GRANT SELECT ON alembic_version, audit_journal TO "{relay}";
GRANT SELECT, DELETE ON outbox TO "{relay}";
GRANT SELECT, INSERT ON audit_journal_numbers TO "{relay}";

-- The relay of the previous release deletes outbox rows as the runtime role, until the first relay of this release leads and
-- calls this function.
CREATE FUNCTION reserve_outbox_for_relay() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF has_table_privilege('{app}', 'public.outbox', 'DELETE') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON public.outbox FROM "{app}";
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION reserve_outbox_for_relay() FROM PUBLIC, "{app}";
GRANT EXECUTE ON FUNCTION reserve_outbox_for_relay() TO "{relay}";
"""

_APPROVALS = """
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

-- Idempotent requests that have committed one of several transactions. The last one stores the response in `idempotency_keys`
-- and deletes the row.
CREATE TABLE idempotency_steps (
    owner text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    step integer NOT NULL CONSTRAINT idempotency_steps_from_one CHECK (step > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_steps_created_at ON idempotency_steps (created_at);
"""

_APPROVAL_RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON approvals FROM "{app}";
GRANT UPDATE (state, decisions, decided_at, closed_at, failure) ON approvals TO "{app}";
"""


def feed_of(op: Op, table: str, *, key: str, when: str = "") -> None:
    """Let other services follow a table (`chassis.projections.served_feed`): each row knows the transaction that changed it last.

    `when` limits the updates that count, such as "OF status". Rows must never be deleted: a copy would not notice.
    """
    op.execute(f"ALTER TABLE {table} ADD COLUMN changed_in xid8 NOT NULL DEFAULT '0'")
    op.execute(_FEED.replace("{table}", table).replace("{key}", key).replace("{when}", when))


def projection_states(op: Op) -> None:
    """Create the table of the states of the service's copies."""
    op.execute(_PROJECTIONS)


def projection_of(op: Op, table: str, *, key: str, columns: str) -> None:
    """Create the table of a copy; `columns` are its own, as SQL."""
    op.execute(_PROJECTION.replace("{table}", table).replace("{key}", key).replace("{columns}", columns))


_FEED = """
CREATE FUNCTION {table}_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER {table}_note_change BEFORE INSERT OR UPDATE {when} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_note_change();
CREATE INDEX {table}_changes ON {table} (changed_in, {key});
"""
_PROJECTIONS = """
-- How far each copy of another service's rows is.
CREATE TABLE projections (
    name text PRIMARY KEY,
    -- The number of the current fill. Rows of an earlier fill are replaced, whatever their version, and removed at its end.
    fill bigint NOT NULL DEFAULT 1,
    is_filled boolean NOT NULL DEFAULT false,
    -- Where the running round goes on, and where the next one begins. Opaque positions in the producer's feed.
    cursor text NOT NULL DEFAULT '',
    restart text NOT NULL DEFAULT '',
    -- When the running round began. The copy is complete as of the beginning of the last round that ended. Both by this server.
    round_began_at timestamptz,
    complete_as_of timestamptz,
    -- The process that reads the feed.
    leased_by uuid,
    leased_until timestamptz
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
"""
_PROJECTION = """
CREATE TABLE {table} (
    {key} uuid PRIMARY KEY,
    {columns},
    version bigint NOT NULL,
    fill bigint NOT NULL
);
"""
