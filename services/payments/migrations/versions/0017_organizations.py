"""The organizations that own wallets, and for which transfers are ordered."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(PARTIES)
    op.execute(INDEXES)


# The previous release writes and reads none of them: it knows persons only. NOT VALID: no earlier row has an
# organization, so none has to be looked at under the lock.
COLUMNS = """
ALTER TABLE accounts
    ADD organization_id uuid,
    ADD CONSTRAINT an_organization_owns_its_wallets
        CHECK (organization_id IS NULL OR (kind = 'wallet' AND owner_id = organization_id)) NOT VALID;
ALTER TABLE transfers ADD organization_id uuid;
ALTER TABLE bulks ADD organization_id uuid;
ALTER TABLE schedules ADD organization_id uuid;
"""

# As in 0007; the payer is the organization for which a transfer is ordered, if any.
PARTIES = """
CREATE OR REPLACE FUNCTION require_parties() RETURNS trigger LANGUAGE plpgsql AS $$
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
        ELSE source.owner_id IS DISTINCT FROM coalesce(w.organization_id, w.initiator_id)
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
"""

# The files and schedules of a payer; those of the open files count in rules with a window.
INDEXES = """
CREATE INDEX bulks_of_payer ON bulks ((coalesce(organization_id, initiator_id)), id);
CREATE INDEX schedules_of_payer ON schedules ((coalesce(organization_id, initiator_id)), id);
"""
