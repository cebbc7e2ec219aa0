"""The ledger: accounts, transfers, postings."""

from alembic import op

from chassis.persistence.migrations import append_only, platform_tables
from kernel.money import CURRENCIES
from payments.domain.account import treasury_id

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    op.execute(LEDGER)
    append_only(op, "postings")
    for currency in CURRENCIES:
        op.execute(
            "INSERT INTO accounts (id, kind, code, currency, balance, version, opened_at) "  # noqa: S608  # our own constants
            f"VALUES ('{treasury_id(currency)}', 'system', 'treasury', '{currency}', 0, 0, now())"
        )


LEDGER = """
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('wallet', 'system')),
    code text,
    owner_id uuid,
    currency char(3) NOT NULL,
    -- Credit-positive. 38 digits for system accounts; a constraint below bounds those of wallets.
    balance numeric(38, 8) NOT NULL,
    version bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT wallet_has_owner CHECK ((kind = 'wallet') = (owner_id IS NOT NULL)),
    CONSTRAINT system_has_code CHECK ((kind = 'system') = (code IS NOT NULL)),
    CONSTRAINT wallet_never_negative CHECK (kind <> 'wallet' OR balance BETWEEN 0 AND 999999999999.99999999)
) WITH (fillfactor = 70);  -- room for the next version on the same page: balances change on every posting
CREATE UNIQUE INDEX accounts_system ON accounts (code, currency) WHERE kind = 'system';
CREATE INDEX accounts_owner ON accounts (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('transfer', 'issuance')),
    initiator_id uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    source_id uuid NOT NULL REFERENCES accounts,
    target_id uuid NOT NULL REFERENCES accounts,
    amount numeric(20, 8) NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    description text NOT NULL,
    settled_at timestamptz NOT NULL,
    CHECK (source_id <> target_id),
    -- The key is stored as long as the transfer, and is unique per caller.
    UNIQUE (initiator_id, idempotency_key)
);

CREATE TABLE postings (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES transfers,
    account_id uuid NOT NULL REFERENCES accounts,
    counterparty_id uuid NOT NULL,
    amount numeric(20, 8) NOT NULL CHECK (amount <> 0),
    currency char(3) NOT NULL,
    balance_after numeric(38, 8) NOT NULL,
    posted_at timestamptz NOT NULL
);
CREATE INDEX postings_account ON postings (account_id, sequence);

-- Enforce double entry: the postings of each transfer in a statement sum to zero, in one currency.
CREATE FUNCTION require_double_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM written GROUP BY transfer_id
        HAVING sum(amount) <> 0 OR min(currency) <> max(currency) OR count(*) < 2
    ) THEN
        RAISE EXCEPTION 'unbalanced entry' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER postings_double_entry AFTER INSERT ON postings
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION require_double_entry();
"""
