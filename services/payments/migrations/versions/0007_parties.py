"""The usage of wallets, and database rules on who may be paid and who may decide."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(USAGE)
    op.execute(PARTIES)


USAGE = """
ALTER TABLE accounts
    ADD usage text NOT NULL DEFAULT 'personal' CHECK (usage IN ('personal', 'merchant')),
    ADD CONSTRAINT only_wallets_are_a_merchants CHECK (kind = 'wallet' OR usage = 'personal');
-- The few holds that may still be paid into an account, which cannot be closed while there are any.
CREATE INDEX transfers_open_target ON transfers (target_id) WHERE status IN ('pending', 'pending_approval');
"""

PARTIES = """
-- Which accounts each kind of transfer may debit and pay: the rule of domain/parties.py.
-- During the rollout, the previous release may still make payments to personal wallets. It must not make a plain transfer to a
-- merchant's wallet; only this release creates merchants' wallets.
CREATE FUNCTION require_parties() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT w.id, w.kind INTO wrong
    FROM written w JOIN accounts source ON source.id = w.source_id JOIN accounts target ON target.id = w.target_id
    WHERE CASE
        WHEN w.kind = 'reversal' THEN false
        WHEN target.kind <> 'wallet' THEN true
        WHEN w.kind = 'issuance' THEN source.code IS DISTINCT FROM 'treasury'
        WHEN w.kind = 'refund' THEN source.kind <> 'wallet'
        ELSE source.owner_id IS DISTINCT FROM w.initiator_id
             OR (target.usage = 'merchant' AND w.kind <> 'payment')
    END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % of kind % is between accounts that it may not be between', wrong.id, wrong.kind
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER transfers_parties AFTER INSERT ON transfers
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION require_parties();

-- Four eyes: nobody decides on what they ordered (a constraint checks that), pay or receive.
CREATE FUNCTION require_outsider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts WHERE id IN (NEW.source_id, NEW.target_id) AND owner_id = NEW.decided_by) THEN
        RAISE EXCEPTION 'transfer % is decided by one who pays or receives it', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER transfers_are_decided_by_outsiders BEFORE UPDATE ON transfers FOR EACH ROW
    WHEN (NEW.decided_by IS NOT NULL AND NEW.decided_by IS DISTINCT FROM OLD.decided_by)
    EXECUTE FUNCTION require_outsider();

-- An account cannot be closed while holds may still be paid into it.
CREATE FUNCTION require_nothing_expected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM transfers WHERE target_id = NEW.id AND status IN ('pending', 'pending_approval')) THEN
        RAISE EXCEPTION 'holds wait to be paid into account %', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER accounts_expect_nothing BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (NEW.status = 'closed' AND OLD.status <> 'closed')
    EXECUTE FUNCTION require_nothing_expected();
"""
