"""Separation of duties. The previous release does not use the tables, and so does not enforce it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(SEPARATIONS)


SEPARATIONS = """
CREATE TABLE separations (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    first_permission text NOT NULL REFERENCES permissions,
    second_permission text NOT NULL REFERENCES permissions,
    exempt_roles text[] NOT NULL DEFAULT '{}',
    description text NOT NULL CHECK (length(description) <= 500),
    version bigint NOT NULL CHECK (version > 0),
    is_withdrawn boolean NOT NULL DEFAULT false,
    CHECK (first_permission <> second_permission)
);
CREATE TABLE separation_exceptions (
    id uuid PRIMARY KEY,
    separation text NOT NULL REFERENCES separations,
    -- The duties when it was asked for.
    first_permission text NOT NULL,
    second_permission text NOT NULL,
    subject_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) <= 500),
    expires_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    ended_by text,
    ended_at timestamptz,
    CHECK (expires_at > asked_at),
    CHECK (num_nulls(approved_by, approved_at) IN (0, 2)),
    CHECK (num_nulls(ended_by, ended_at) IN (0, 2)),
    CONSTRAINT separation_exceptions_by_another CHECK (approved_by NOT IN (asked_by, subject_id::text))
);
CREATE INDEX separation_exceptions_subject ON separation_exceptions (subject_id);
CREATE INDEX separation_exceptions_asked_at ON separation_exceptions (asked_at DESC);
-- The exceptions under which an assignment was made: it ends with the first of them.
ALTER TABLE limited_assignments ADD COLUMN exception_ids uuid[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT limited_assignments_exceptions_end CHECK (exception_ids = '{}' OR ends_at IS NOT NULL);

-- What people hold, with the default role of those who have not received their first role yet: they have it, or will have it.
CREATE VIEW held_roles AS
    SELECT id, subject_id, role, organization_id, starts_at, ends_at FROM all_assignments
    UNION ALL
    SELECT unwelcomed.subject_id, unwelcomed.subject_id, d.name, NULL, NULL, NULL FROM (
        SELECT subject_id FROM limited_holders UNION SELECT subject_id FROM role_holders WHERE welcomed_at IS NULL
    ) unwelcomed
    JOIN roles d ON d.is_default
    LEFT JOIN role_holders h ON h.subject_id = unwelcomed.subject_id
    WHERE h.welcomed_at IS NULL;

-- People who have both duties of a separation for the same scope at the same time, and by which assignments.
CREATE VIEW duty_conflicts AS
    SELECT s.name AS separation, a.subject_id, a.role AS first_role, b.role AS second_role,
           a.id AS first_assignment, b.id AS second_assignment,
           coalesce(a.organization_id, b.organization_id) AS organization_id, least(a.ends_at, b.ends_at) AS ends_at
    FROM separations s
    JOIN effective_role_permissions first ON first.permission = s.first_permission
    JOIN held_roles a ON a.role = first.role
    JOIN held_roles b ON b.subject_id = a.subject_id
    JOIN effective_role_permissions second ON second.role = b.role AND second.permission = s.second_permission
    WHERE NOT s.is_withdrawn AND a.role <> ALL (s.exempt_roles) AND b.role <> ALL (s.exempt_roles)
        AND (a.organization_id IS NULL OR b.organization_id IS NULL OR a.organization_id = b.organization_id)
        AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at);
"""
