"""More rules of the ledger in the database: refunds, decisions, and currencies of postings."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(RULES)


RULES = """
-- A posting is in its account's currency. This replaces the reference to the account alone, at the same cost.
ALTER TABLE accounts ADD CONSTRAINT accounts_currency UNIQUE (id, currency);
ALTER TABLE postings
    ADD CONSTRAINT posted_in_its_currency FOREIGN KEY (account_id, currency) REFERENCES accounts (id, currency) NOT VALID,
    DROP CONSTRAINT postings_account_id_fkey;
ALTER TABLE postings VALIDATE CONSTRAINT posted_in_its_currency;

ALTER TABLE transfers
    -- Never more than what moved; after a partial capture that is less than the amount.
    ADD CONSTRAINT given_back_of_what_moved CHECK (refunded <= coalesce(captured, amount)),
    ADD CONSTRAINT decided_at_a_time CHECK ((decided_by IS NULL) = (decided_at IS NULL));

-- A transfer that awaits approval continues only after a decision.
CREATE FUNCTION require_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nobody has decided on transfer %', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER transfers_are_decided BEFORE UPDATE ON transfers FOR EACH ROW
    WHEN (OLD.status = 'pending_approval' AND NEW.status IN ('pending', 'completed', 'reversed') AND NEW.decided_by IS NULL)
    EXECUTE FUNCTION require_decision();

-- A transfer's refunded amount is the sum of its refunds, and a reversed transfer has its reversal. Checked at the end of the
-- transaction.
CREATE FUNCTION require_given_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    original transfers;
BEGIN
    SELECT * INTO original FROM transfers WHERE id = coalesce(NEW.parent_id, NEW.id);
    IF original.parent_id IS NOT NULL
       OR original.refunded <> (SELECT coalesce(sum(amount), 0) FROM transfers WHERE parent_id = original.id AND kind = 'refund')
       OR (original.status = 'reversed') <> EXISTS (SELECT FROM transfers WHERE parent_id = original.id AND kind = 'reversal')
    THEN
        RAISE EXCEPTION 'what was given back of transfer % does not add up', original.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transfers_give_back AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('refund', 'reversal') OR NEW.refunded > 0 OR NEW.status = 'reversed')
    EXECUTE FUNCTION require_given_back();
CREATE CONSTRAINT TRIGGER transfers_were_given_back AFTER UPDATE ON transfers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.refunded <> OLD.refunded OR NEW.status = 'reversed')
    EXECUTE FUNCTION require_given_back();
"""
