"""Create roles, permissions, role assignments and policy bundles, with their initial data."""

from alembic import op
from sqlalchemy import text

from chassis.persistence.migrations import append_only, platform_tables
from governance.domain.seed import DEFAULT_ROLE, PERMISSIONS, ROLES

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables(op)
    op.execute(ROLE_TABLES)
    append_only(op, "policy_bundles")
    seed()


def seed() -> None:
    connection = op.get_bind()
    connection.execute(
        text("INSERT INTO permissions (name, description) VALUES (:name, :description)"),
        [{"name": name, "description": description} for name, description in PERMISSIONS.items()],
    )
    connection.execute(
        text("INSERT INTO roles (name, description, is_default, version) VALUES (:name, :description, :is_default, 1)"),
        [
            {"name": name, "description": description, "is_default": name == DEFAULT_ROLE}
            for name, (description, _) in ROLES.items()
        ],
    )
    connection.execute(
        text("INSERT INTO role_permissions (role, permission) VALUES (:role, :permission)"),
        [{"role": name, "permission": permission} for name, (_, granted) in ROLES.items() for permission in granted],
    )


ROLE_TABLES = """
CREATE TABLE permissions (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}$'),
    description text NOT NULL
);

CREATE TABLE roles (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    description text NOT NULL,
    is_default boolean NOT NULL,
    version bigint NOT NULL CHECK (version > 0)
);
CREATE UNIQUE INDEX roles_one_default ON roles (is_default) WHERE is_default;

CREATE TABLE role_permissions (
    role text NOT NULL REFERENCES roles,
    permission text NOT NULL REFERENCES permissions,
    PRIMARY KEY (role, permission)
);

CREATE TABLE role_holders (
    subject_id uuid PRIMARY KEY,
    -- When the subject received its first role after identity announced it. It happens once per subject.
    welcomed_at timestamptz
);

CREATE TABLE role_assignments (
    subject_id uuid NOT NULL REFERENCES role_holders,
    role text NOT NULL REFERENCES roles,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    reason text CHECK (length(reason) <= 500),
    PRIMARY KEY (subject_id, role)
);
CREATE INDEX role_assignments_role ON role_assignments (role, granted_at DESC);
CREATE INDEX role_assignments_granted_at ON role_assignments (granted_at DESC);

CREATE TABLE policy_bundles (
    version bigint PRIMARY KEY CHECK (version > 0),
    id uuid NOT NULL UNIQUE,
    policies text NOT NULL,
    schema text NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    published_by text NOT NULL,
    published_at timestamptz NOT NULL
);
"""
