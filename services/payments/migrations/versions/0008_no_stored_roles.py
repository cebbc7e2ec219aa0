"""Schedules and bulks store their actor without roles; a schedule stores why the platform stopped it.

During the rollout the previous release reads and writes the key `roles` of every row. So the key stays, and a trigger keeps it
empty. What the previous release runs in these minutes is priced as for a user without roles (no fee is waived), and approval
rules of one role do not match it. A later migration removes the trigger and the key.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(REASON)
    op.execute(NO_ROLES)


REASON = """
ALTER TABLE schedules ADD COLUMN status_reason text;
"""

NO_ROLES = """
CREATE FUNCTION forget_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.actor := NEW.actor || '{"roles": []}';
    RETURN NEW;
END
$$;
CREATE TRIGGER bulks_forget_roles BEFORE INSERT OR UPDATE OF actor ON bulks FOR EACH ROW EXECUTE FUNCTION forget_roles();
CREATE TRIGGER schedules_forget_roles BEFORE INSERT OR UPDATE OF actor ON schedules FOR EACH ROW EXECUTE FUNCTION forget_roles();

-- After the triggers are in force, so that no row of the previous release is missed.
UPDATE bulks SET actor = actor WHERE actor -> 'roles' IS DISTINCT FROM '[]';
UPDATE schedules SET actor = actor WHERE actor -> 'roles' IS DISTINCT FROM '[]';
"""
