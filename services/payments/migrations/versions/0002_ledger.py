"""All columns and rules of accounts, transfers and holds."""

from alembic import op

from kernel.money import CURRENCIES
from payments.domain.account import SystemCode, system_account_id

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(ACCOUNTS)
    op.execute(TRANSFERS)
    for currency in CURRENCIES:
        for code in SystemCode:
            op.execute(
                "INSERT INTO accounts (id, kind, code, currency, balance, version, opened_at, normal_side) "  # noqa: S608  # ours
                f"VALUES ('{system_account_id(code, currency)}', 'system', '{code}', '{currency}', 0, 0, now(), "
                f"'{code.normal_side}') ON CONFLICT (id) DO UPDATE SET normal_side = excluded.normal_side"
            )


ACCOUNTS = """
ALTER TABLE accounts
    ADD held numeric(38, 8) NOT NULL DEFAULT 0 CONSTRAINT held_not_negative CHECK (held >= 0),
    ADD status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'frozen', 'closed')),
    ADD status_reason text,
    ADD name text NOT NULL DEFAULT '' CHECK (length(name) <= 60),
    ADD ceiling numeric(38, 8),
    -- The side on which a statement shows the balance growing; the column itself is credit-positive everywhere.
    ADD normal_side text NOT NULL DEFAULT 'credit' CHECK (normal_side IN ('credit', 'debit')),
    ADD closed_at timestamptz,
    ADD CONSTRAINT closed_is_empty CHECK (status <> 'closed' OR (balance = 0 AND held = 0 AND closed_at IS NOT NULL)),
    ADD CONSTRAINT within_ceiling CHECK (ceiling IS NULL OR balance <= ceiling),
    DROP CONSTRAINT wallet_never_negative,
    ADD CONSTRAINT wallet_never_negative
        CHECK (kind <> 'wallet' OR (balance - held >= 0 AND balance <= 999999999999.99999999));

-- Frozen and closed accounts do not move. Money on hold may still be released.
CREATE FUNCTION refuse_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % is %', OLD.id, OLD.status USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER accounts_stand_still BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.status <> 'open' AND NEW.status = OLD.status AND (NEW.balance <> OLD.balance OR NEW.held > OLD.held))
    EXECUTE FUNCTION refuse_movement();

-- What an owner has sent in a currency per day and month in Namibia, for the limits.
CREATE TABLE spending (
    owner_id uuid NOT NULL,
    currency char(3) NOT NULL,
    day date NOT NULL,
    day_total numeric(38, 8) NOT NULL CHECK (day_total >= 0),
    month date NOT NULL,
    month_total numeric(38, 8) NOT NULL CHECK (month_total >= 0),
    PRIMARY KEY (owner_id, currency)
) WITH (fillfactor = 70);
INSERT INTO spending (owner_id, currency, day, day_total, month, month_total)
SELECT DISTINCT owner_id, currency, current_date, 0, date_trunc('month', current_date)::date, 0
FROM accounts WHERE owner_id IS NOT NULL;
"""

TRANSFERS = """
ALTER TABLE transfers
    DROP CONSTRAINT transfers_kind_check,
    ADD CONSTRAINT transfers_kind_check
        CHECK (kind IN ('transfer', 'payment', 'conversion', 'issuance', 'refund', 'reversal')),
    ADD status text NOT NULL DEFAULT 'completed'
        CHECK (status IN ('pending', 'pending_approval', 'completed', 'failed', 'cancelled', 'reversed')),
    ADD reference text NOT NULL DEFAULT '',
    ADD metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    -- Fee lines as quoted: [{"account": "fees", "amount": "1.00", "rule_id": "…", "refundable": false}, …].
    ADD fees jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(fees) = 'array'),
    ADD fee_total numeric(20, 8) NOT NULL DEFAULT 0 CHECK (fee_total >= 0),
    ADD target_amount numeric(20, 8) CHECK (target_amount > 0),
    ADD target_currency char(3),
    ADD spread numeric(20, 8) CHECK (spread >= 0),
    ADD rate numeric(24, 14) CHECK (rate > 0),
    ADD rate_id uuid,
    ADD parent_id uuid REFERENCES transfers,
    ADD link_id uuid,
    -- Whether money moves at once, or is put on hold to be captured later.
    ADD capture_later boolean NOT NULL DEFAULT false,
    ADD held numeric(20, 8) NOT NULL DEFAULT 0 CHECK (held >= 0),
    ADD captured numeric(20, 8) CHECK (captured > 0 AND captured <= amount),
    ADD refunded numeric(20, 8) NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= amount),
    ADD signature jsonb,
    ADD created_at timestamptz NOT NULL DEFAULT now(),
    ADD expires_at timestamptz,
    ADD closed_at timestamptz,
    ADD decided_by uuid,
    ADD decided_at timestamptz,
    ADD reason text,
    ADD version int NOT NULL DEFAULT 1,
    ALTER settled_at DROP NOT NULL;
UPDATE transfers SET created_at = settled_at;
ALTER TABLE transfers
    ADD CONSTRAINT settled_is_posted CHECK ((status IN ('completed', 'reversed')) = (settled_at IS NOT NULL)),
    ADD CONSTRAINT only_open_ones_hold CHECK (held = 0 OR status IN ('pending', 'pending_approval')),
    ADD CONSTRAINT converted_whole
        CHECK ((target_amount IS NULL) = (target_currency IS NULL) AND (target_amount IS NULL) = (rate_id IS NULL)),
    ADD CONSTRAINT refunds_have_an_original CHECK ((kind IN ('refund', 'reversal')) = (parent_id IS NOT NULL)),
    -- Four eyes: nobody decides on a transfer that they ordered.
    ADD CONSTRAINT decided_by_another CHECK (decided_by <> initiator_id);
CREATE INDEX transfers_open ON transfers (expires_at) WHERE status IN ('pending', 'pending_approval');
CREATE INDEX transfers_awaiting ON transfers (id) WHERE status = 'pending_approval';
CREATE INDEX transfers_parent ON transfers (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX transfers_link ON transfers (link_id) WHERE link_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_reversed_once ON transfers (parent_id) WHERE kind = 'reversal';

-- The order never changes, and the status only moves forward.
CREATE FUNCTION require_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := ARRAY['status', 'held', 'captured', 'refunded', 'settled_at', 'expires_at', 'closed_at', 'decided_by',
                           'decided_at', 'reason', 'version', 'fees', 'fee_total'];
BEGIN
    IF to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving THEN
        RAISE EXCEPTION 'what transfer % asked for cannot change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 OR NEW.refunded < OLD.refunded
       OR (OLD.status IN ('failed', 'cancelled', 'reversed'))
       OR (OLD.status = 'completed' AND NEW.status NOT IN ('completed', 'reversed'))
       OR (OLD.status = 'pending' AND NEW.status = 'pending_approval') THEN
        RAISE EXCEPTION 'transfer % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER transfers_go_forward BEFORE UPDATE ON transfers FOR EACH ROW EXECUTE FUNCTION require_forward();

-- Enforce double entry: the postings of each transfer in a statement sum to zero in every currency.
CREATE OR REPLACE FUNCTION require_double_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written GROUP BY transfer_id, currency HAVING sum(amount) <> 0 OR count(*) < 2) THEN
        RAISE EXCEPTION 'unbalanced entry' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
"""
