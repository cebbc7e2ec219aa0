"""Organizations, their teams and invitations; managers and ends of memberships; the permissions for them.

Nothing of the previous release writes `memberships`. It reads them without end and status: until it is gone, people may act for
organizations that were suspended in the meantime. Locks: `memberships` and `limited_assignments` briefly, for a constraint each.
"""

from alembic import op
from sqlalchemy import text

from chassis.persistence.migrations import idempotent_steps, scoped

revision = "0011"
down_revision = "0010"

PERMISSIONS = {
    "organization:manage": "Create and change organizations, their members, teams and invitations",
    "organization:read_any": "Read organizations and their members",
}
ADMINISTRATOR = ("organization:manage", "organization:read_any", "payment:create", "wallet:read_any", "transfer:read_any")


def upgrade() -> None:
    op.execute(ORGANIZATIONS)
    op.execute(MEMBERSHIPS)
    op.execute(TEAMS)
    scoped(op, "teams")
    scoped(op, "team_members")
    op.execute(INVITATIONS)
    scoped(op, "invitations")
    op.execute(SCOPES)
    op.execute(ENDINGS)
    idempotent_steps(op)
    permissions()


def permissions() -> None:
    connection = op.get_bind()
    connection.execute(
        text("INSERT INTO permissions (name, description, category) VALUES (:name, :description, 'organizations')"),
        [{"name": name, "description": description} for name, description in PERMISSIONS.items()],
    )
    connection.execute(
        text(
            """
            INSERT INTO roles (name, title, description, is_default, is_system, version)
            VALUES ('organization-admin', 'Administrator of an organization', :description, false, true, 1)
            """
        ),
        {"description": "Manages members, teams and invitations of an organization, and pays for it. Grant it for one"},
    )
    grants = [("admin", name) for name in PERMISSIONS] + [("staff", "organization:read_any")]
    grants += [("organization-admin", name) for name in ADMINISTRATOR]
    connection.execute(
        text("INSERT INTO role_permissions (role, permission) VALUES (:role, :permission)"),
        [{"role": role, "permission": permission} for role, permission in grants],
    )
    op.execute("UPDATE roles SET version = version + 1 WHERE name IN ('admin', 'staff')")


ORGANIZATIONS = """
CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('bank', 'merchant', 'dealer', 'ministry', 'internal')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    registration_number text CHECK (length(registration_number) BETWEEN 1 AND 40),
    contact_email text CHECK (length(contact_email) <= 254),
    contact_phone text CHECK (length(contact_phone) <= 254),
    parent_id uuid REFERENCES organizations,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    version bigint NOT NULL CHECK (version > 0),
    CHECK (parent_id <> id)
);
CREATE INDEX organizations_name ON organizations (lower(name), id);
CREATE INDEX organizations_parent ON organizations (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX organizations_inactive ON organizations (id) WHERE status <> 'active';
-- One legal entity is registered once.
CREATE UNIQUE INDEX organizations_registration ON organizations (registration_number)
    WHERE registration_number IS NOT NULL AND status <> 'closed';
"""
MEMBERSHIPS = """
ALTER TABLE memberships
    ADD COLUMN manager_id uuid,
    ADD COLUMN ends_at timestamptz,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT memberships_organization FOREIGN KEY (organization_id) REFERENCES organizations,
    ADD CONSTRAINT memberships_manager FOREIGN KEY (organization_id, manager_id)
        REFERENCES memberships (organization_id, subject_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT memberships_not_own_manager CHECK (manager_id <> subject_id),
    ADD CONSTRAINT memberships_ends_after CHECK (ends_at > joined_at);
CREATE INDEX memberships_ends_at ON memberships (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX memberships_managed ON memberships (organization_id, manager_id) WHERE manager_id IS NOT NULL;
"""
TEAMS = """
CREATE TABLE teams (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    parent_id uuid,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    version bigint NOT NULL CHECK (version > 0),
    UNIQUE (organization_id, id),
    -- A part belongs to the same organization.
    FOREIGN KEY (organization_id, parent_id) REFERENCES teams (organization_id, id),
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX teams_name ON teams (organization_id, lower(name)) WHERE removed_at IS NULL;
CREATE TABLE team_members (
    team_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, subject_id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id),
    FOREIGN KEY (organization_id, subject_id) REFERENCES memberships (organization_id, subject_id)
);
CREATE INDEX team_members_subject ON team_members (organization_id, subject_id);
"""
INVITATIONS = """
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    -- The SHA-256 of the code, which is only in the message to the invited person.
    code_digest text NOT NULL UNIQUE CHECK (code_digest ~ '^[0-9a-f]{64}$'),
    address_hint text NOT NULL CHECK (length(address_hint) <= 300),
    roles text[] NOT NULL,
    membership_ends_at timestamptz,
    invited_by text NOT NULL,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > invited_at),
    accepted_by uuid,
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    CHECK (num_nulls(accepted_by, accepted_at) IN (0, 2)),
    CHECK (num_nonnulls(accepted_at, withdrawn_at) < 2)
);
CREATE INDEX invitations_organization ON invitations (organization_id, invited_at DESC);
"""
SCOPES = """
ALTER TABLE limited_assignments
    ADD CONSTRAINT limited_assignments_organization_exists FOREIGN KEY (organization_id) REFERENCES organizations,
    ADD CONSTRAINT limited_assignments_team FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id);
"""
# In the transaction of each end, whatever ends it, so that a process that missed the event learns of it.
ENDINGS = """
CREATE TABLE ended_memberships (
    organization_id uuid NOT NULL,
    -- The nil UUID is everybody: the organization was suspended or closed.
    subject_id uuid NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, subject_id)
);
CREATE INDEX ended_memberships_ended_at ON ended_memberships (ended_at);
CREATE FUNCTION keep_ended_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ended_memberships (organization_id, subject_id, ended_at) VALUES (
        -- The column by which each of the two tables names the organization.
        coalesce(to_jsonb(OLD) ->> 'organization_id', to_jsonb(OLD) ->> 'id')::uuid,
        coalesce((to_jsonb(OLD) ->> 'subject_id')::uuid, '00000000-0000-0000-0000-000000000000'),
        clock_timestamp()
    ) ON CONFLICT (organization_id, subject_id) DO UPDATE SET ended_at = excluded.ended_at;
    -- No token is as old as these.
    DELETE FROM ended_memberships e USING (
        SELECT organization_id, subject_id FROM ended_memberships WHERE ended_at < now() - interval '1 hour'
        ORDER BY ended_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ) AS past WHERE (e.organization_id, e.subject_id) = (past.organization_id, past.subject_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER memberships_keep_ended AFTER DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION keep_ended_membership();
CREATE TRIGGER organizations_keep_inactive AFTER UPDATE OF status ON organizations FOR EACH ROW
    WHEN (NEW.status <> 'active' AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_ended_membership();
"""
