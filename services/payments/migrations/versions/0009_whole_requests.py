"""Requests judged as a whole: files that await approval, signed files and schedules, the first state of held transfers."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(TRANSFERS)
    op.execute(BULKS)
    op.execute("ALTER TABLE schedules ADD signature jsonb")


TRANSFERS = """
-- The first response of a transfer that was put on hold: its status, fees and expiry. A transfer that was settled at once has
-- none. The previous release writes none either; its holds are returned in their current state.
ALTER TABLE transfers ADD began jsonb;
"""

BULKS = """
ALTER TABLE bulks
    ADD signature jsonb,
    -- The approval rules that the file matched, and who decided when.
    ADD approval_rules jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(approval_rules) = 'array'),
    ADD expires_at timestamptz,
    ADD decided_by uuid,
    ADD decided_at timestamptz,
    DROP CONSTRAINT bulks_status_check,
    ADD CONSTRAINT bulks_status_check CHECK (status IN (
        'pending_approval', 'accepted', 'running', 'cancelling', 'completed', 'partly_completed', 'failed', 'cancelled'
    )),
    DROP CONSTRAINT ended_is_counted,
    ADD CONSTRAINT ended_is_counted
        CHECK ((ended_at IS NULL) = (status IN ('pending_approval', 'accepted', 'running', 'cancelling'))
               AND (ended_at IS NULL OR settled + awaiting + refused + not_run = lines_total)),
    ADD CONSTRAINT waits_for_a_time CHECK ((status <> 'pending_approval') OR expires_at IS NOT NULL),
    ADD CONSTRAINT decided_at_a_time CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    -- Four eyes.
    ADD CONSTRAINT decided_by_another CHECK (decided_by <> initiator_id);
CREATE INDEX bulks_awaiting ON bulks (id) WHERE status = 'pending_approval';

-- A bulk that awaits approval continues only after a decision, by a user whom it does not pay.
CREATE FUNCTION require_bulk_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'pending_approval' AND NEW.status NOT IN ('pending_approval', 'failed', 'cancelled')
       AND NEW.decided_by IS NULL THEN
        RAISE EXCEPTION 'nobody has decided on bulk %', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.decided_by IS NOT NULL AND EXISTS (
        SELECT FROM bulk_chunks c CROSS JOIN LATERAL jsonb_array_elements(c.lines) AS line (value)
        JOIN accounts target ON target.id = (line.value ->> 1)::uuid
        WHERE c.bulk_id = NEW.id AND target.owner_id = NEW.decided_by
    ) THEN
        RAISE EXCEPTION 'bulk % is decided by one whom it pays', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER bulks_are_decided BEFORE UPDATE ON bulks FOR EACH ROW
    WHEN ((OLD.status = 'pending_approval' AND NEW.status <> OLD.status) OR NEW.decided_by IS DISTINCT FROM OLD.decided_by)
    EXECUTE FUNCTION require_bulk_decision();
"""
