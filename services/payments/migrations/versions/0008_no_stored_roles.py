"""Schedules and bulks keep who asked for them, and no roles; a schedule says why the platform stopped it.

The previous release, which runs beside this one while it is rolled out, reads the key `roles` of every row and writes it:
so the key stays, always empty, whoever writes the row. What the previous release runs in these minutes is priced as for
somebody without roles (no fee is waived), and approval rules of one role do not match it. A later migration removes the
trigger and the key.
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

-- After the triggers are in force, so that no row of the previous release slips between.
UPDATE bulks SET actor = actor WHERE actor -> 'roles' IS DISTINCT FROM '[]';
UPDATE schedules SET actor = actor WHERE actor -> 'roles' IS DISTINCT FROM '[]';
"""
