"""Fees, rates, limits and tiers. None exist at first: operators set prices, and each change is audited."""

from alembic import op

revision = "0003"
down_revision = "0002"

VERSIONED = ("fee_rules", "fx_rates", "limits")


def upgrade() -> None:
    op.execute(TABLES)
    for table in VERSIONED:
        op.execute(
            f"""
            CREATE TRIGGER {table}_are_history BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION require_only_an_end();
            CREATE TRIGGER {table}_stay BEFORE TRUNCATE ON {table} EXECUTE FUNCTION require_only_an_end();
            CREATE TRIGGER {table}_do_not_overlap AFTER INSERT OR UPDATE ON {table}
                FOR EACH ROW EXECUTE FUNCTION require_no_overlap();
            """
        )


# `series` groups versions: by a rule's code, a currency pair, or a tier's currency.
TABLES = """
CREATE TABLE fee_rules (
    id uuid PRIMARY KEY,
    series text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz CHECK (valid_until >= valid_from),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    kind text NOT NULL,
    currency char(3) NOT NULL,
    -- [{"from": "0.00", "flat": "1.00", "percent": "0.5"}, …]: amounts are text, because JSON numbers are not exact.
    tiers jsonb NOT NULL CHECK (jsonb_array_length(tiers) BETWEEN 1 AND 20),
    marginal boolean NOT NULL,
    least numeric(20, 8) CHECK (least >= 0),
    most numeric(20, 8) CHECK (most >= 0),
    waived_roles text[] NOT NULL,
    vat_percent numeric(7, 4) NOT NULL CHECK (vat_percent BETWEEN 0 AND 100),
    rounding text NOT NULL,
    refundable boolean NOT NULL,
    UNIQUE (series, version)
);

CREATE TABLE fx_rates (
    id uuid PRIMARY KEY,
    series text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL CHECK (valid_until >= valid_from),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    base char(3) NOT NULL,
    quote char(3) NOT NULL CHECK (quote <> base),
    mid numeric(20, 10) NOT NULL CHECK (mid > 0),
    spread_percent numeric(7, 4) NOT NULL CHECK (spread_percent >= 0 AND spread_percent < 100),
    rounding text NOT NULL,
    UNIQUE (series, version)
);

CREATE TABLE limits (
    id uuid PRIMARY KEY,
    series text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz CHECK (valid_until >= valid_from),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    tier text NOT NULL,
    currency char(3) NOT NULL,
    single_max numeric(38, 8) CHECK (single_max >= 0),
    day_max numeric(38, 8) CHECK (day_max >= 0),
    month_max numeric(38, 8) CHECK (month_max >= 0),
    UNIQUE (series, version)
);

-- Owners without a row have the standard tier.
CREATE TABLE customer_tiers (
    owner_id uuid PRIMARY KEY,
    tier text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    assigned_by text NOT NULL,
    assigned_at timestamptz NOT NULL
);

-- A recorded version is history: only its end may change, to an earlier time.
CREATE FUNCTION require_only_an_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'valid_until' = to_jsonb(OLD) - 'valid_until'
       AND NEW.valid_until IS NOT NULL AND (OLD.valid_until IS NULL OR NEW.valid_until <= OLD.valid_until) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- Writers are serialised by an advisory lock; this catches code that does not take it.
CREATE FUNCTION require_no_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    overlapping boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I WHERE series = $1 AND id <> $2'
        ' AND tstzrange(valid_from, valid_until) && tstzrange($3, $4))',
        TG_TABLE_NAME
    ) INTO overlapping USING NEW.series, NEW.id, NEW.valid_from, NEW.valid_until;
    IF overlapping THEN
        RAISE EXCEPTION 'two versions of % at one time', NEW.series USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END
$$;
"""
