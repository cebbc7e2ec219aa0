"""Titles, hierarchy and retirement of roles, and roles within limits of scope and time.

Under the previous release: it reads neither inclusions nor retirement, so use both only once it is gone. Roles within limits are
in a table that it does not know, because it would take them for roles without limits. `title` takes over what `description` said;
the column is filled for rows of the previous release by its default.
"""

from alembic import op
from sqlalchemy import text

from chassis.projections.schema import feed_of

revision = "0009"
down_revision = "0008"

CATEGORIES = {
    "user": "people",
    "payment": "payments",
    "wallet": "payments",
    "transfer": "payments",
    "treasury": "payments",
    "role": "access",
    "policy": "access",
    "audit": "audit and reports",
    "report": "audit and reports",
}
DESCRIPTIONS = {
    "admin": "Every permission of the platform",
    "staff": "The payments desk: makes and approves payments, and reads what customers have",
    "user": "A customer: reads and moves their own money",
    "guest": "Signs in, and has no permissions",
}


def upgrade() -> None:
    op.execute(ROLES)
    connection = op.get_bind()
    for noun, category in CATEGORIES.items():
        connection.execute(
            text("UPDATE permissions SET category = :category WHERE name LIKE :names"),
            {"category": category, "names": f"{noun}:%"},
        )
    connection.execute(text("UPDATE roles SET title = description, description = ''"))
    for name, description in DESCRIPTIONS.items():
        connection.execute(
            text("UPDATE roles SET is_system = true, description = :description WHERE name = :name"),
            {"name": name, "description": description},
        )
    op.execute(HIERARCHY)
    op.execute(LIMITED)
    feed_of(op, "limited_holders", key="subject_id", when="OF version")
    op.execute(UNRETIRED)


ROLES = """
ALTER TABLE permissions ADD COLUMN category text NOT NULL DEFAULT 'other';
ALTER TABLE roles
    ADD COLUMN title text NOT NULL DEFAULT '' CHECK (length(title) <= 80),
    ADD COLUMN is_system boolean NOT NULL DEFAULT false,
    ADD COLUMN retired_at timestamptz,
    ADD CONSTRAINT roles_protected CHECK (retired_at IS NULL OR NOT (is_system OR is_default));
-- Each assignment can be named by its id.
ALTER TABLE role_assignments ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX role_assignments_id ON role_assignments (id);
"""
HIERARCHY = """
CREATE TABLE role_inclusions (
    role text NOT NULL REFERENCES roles,
    included text NOT NULL REFERENCES roles,
    PRIMARY KEY (role, included),
    CHECK (role <> included)
);
CREATE INDEX role_inclusions_included ON role_inclusions (included);

CREATE FUNCTION role_inclusions_refuse_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Changes of roles come one at a time, or two of them could close a circle together.
    PERFORM pg_advisory_xact_lock(1, 0);
    IF EXISTS (
        WITH RECURSIVE reached AS (
            SELECT NEW.included AS role
            UNION SELECT i.included FROM role_inclusions i JOIN reached r ON i.role = r.role
        ) SELECT FROM reached WHERE role = NEW.role
    ) THEN
        RAISE EXCEPTION 'role % would include itself', NEW.role USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER role_inclusions_refuse_cycle BEFORE INSERT OR UPDATE ON role_inclusions
    FOR EACH ROW EXECUTE FUNCTION role_inclusions_refuse_cycle();

-- Each role with the roles that it reaches, itself among them. Retired roles reach nothing and are not reached.
CREATE VIEW role_reach AS
    WITH RECURSIVE reach AS (
        SELECT name AS role, name AS reached FROM roles WHERE retired_at IS NULL
        UNION
        SELECT reach.role, i.included FROM reach
        JOIN role_inclusions i ON i.role = reach.reached
        JOIN roles r ON r.name = i.included AND r.retired_at IS NULL
    ) SELECT role, reached FROM reach;
-- What each role permits, with what it includes.
CREATE VIEW effective_role_permissions AS
    SELECT DISTINCT reach.role, p.permission FROM role_reach reach JOIN role_permissions p ON p.role = reach.reached;
"""
LIMITED = """
CREATE TABLE limited_holders (
    subject_id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0)
);
CREATE TABLE limited_assignments (
    id uuid PRIMARY KEY,
    subject_id uuid NOT NULL REFERENCES limited_holders,
    role text NOT NULL REFERENCES roles,
    organization_id uuid,
    starts_at timestamptz,
    ends_at timestamptz,
    -- A team of the organization.
    team_id uuid,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    reason text CHECK (length(reason) <= 500),
    CONSTRAINT limited_assignments_team_of CHECK (team_id IS NULL OR organization_id IS NOT NULL),
    CONSTRAINT limited_assignments_limited CHECK (num_nonnulls(organization_id, starts_at, ends_at) > 0),
    CONSTRAINT limited_assignments_period CHECK (starts_at < ends_at),
    CONSTRAINT limited_assignments_once
        UNIQUE NULLS NOT DISTINCT (subject_id, role, organization_id, team_id, starts_at, ends_at)
);
CREATE INDEX limited_assignments_role ON limited_assignments (role, granted_at DESC);
CREATE INDEX limited_assignments_granted_at ON limited_assignments (granted_at DESC);
CREATE INDEX limited_assignments_ends_at ON limited_assignments (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX limited_assignments_organization ON limited_assignments (organization_id) WHERE organization_id IS NOT NULL;

-- All assignments, with limits and without.
CREATE VIEW all_assignments AS
    SELECT id, subject_id, role, NULL::uuid AS organization_id, NULL::timestamptz AS starts_at, NULL::timestamptz AS ends_at,
           NULL::uuid AS team_id, granted_by, granted_at, reason
    FROM role_assignments
    UNION ALL
    SELECT id, subject_id, role, organization_id, starts_at, ends_at, team_id, granted_by, granted_at, reason
    FROM limited_assignments;
"""
UNRETIRED = """
CREATE FUNCTION refuse_retired_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Grants and retirements come one at a time (advisory lock 3); first roles are system roles, which cannot be retired.
    PERFORM FROM roles WHERE name = NEW.role AND retired_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role % does not exist or is retired', NEW.role USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER role_assignments_refuse_retired BEFORE INSERT ON role_assignments
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_role();
CREATE TRIGGER limited_assignments_refuse_retired BEFORE INSERT ON limited_assignments
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_role();
"""
