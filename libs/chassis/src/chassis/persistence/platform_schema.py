"""Tables of every service: the journal of audit facts, parked messages, and received checkpoints of the audit log.

A service creates them with `journal_tables(op)` in one migration. Like every migration, they leave the previous release working.
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


def relay_role(connection: Connection) -> str:
    """Return the relay's role of the current owner role: payments_owner → payments_relay."""
    role = runtime_role(connection).removesuffix("_app") + "_relay"
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
        raise RelayRoleMissing(f"there is no role {role}: run databases.sh (docs/operations.md), then migrate again")
    return role


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
