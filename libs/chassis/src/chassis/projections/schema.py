"""The column of a feed, and the tables of copies."""

from chassis.persistence.migrations import Op


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
