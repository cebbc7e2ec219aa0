"""Let other services follow the roles of subjects, by a version that grows with each change."""

from alembic import op

from chassis.projections.schema import feed_of

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE role_holders ADD COLUMN version bigint NOT NULL DEFAULT 1")
    feed_of(op, "role_holders", key="subject_id", when="OF version")
    op.execute(VERSIONS)


# The previous release changes assignments without the version, so the database raises it too.
VERSIONS = """
CREATE FUNCTION role_assignments_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE role_holders SET version = version + 1 WHERE subject_id = coalesce(NEW.subject_id, OLD.subject_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER role_assignments_raise_version AFTER INSERT OR UPDATE OR DELETE ON role_assignments
    FOR EACH ROW EXECUTE FUNCTION role_assignments_raise_version();
"""
