"""Create the table of the decisions that policies made."""

from alembic import op

from chassis.persistence.migrations import runtime_role

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(TABLE)
    app_role = runtime_role(op.get_bind())
    # A decision never changes. It is deleted after some weeks, or with its person.
    op.execute(f'REVOKE UPDATE, TRUNCATE ON policy_decisions FROM "{app_role}"')


TABLE = """
CREATE TABLE policy_decisions (
    id uuid PRIMARY KEY,
    producer text NOT NULL,
    at timestamptz NOT NULL,
    allowed boolean NOT NULL,
    principal_kind text NOT NULL,
    principal_id text COLLATE "C" NOT NULL,
    permission text COLLATE "C" NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    roles text[] NOT NULL,
    organization_id uuid,
    interactive boolean NOT NULL,
    ip text NOT NULL,
    authenticated_at timestamptz,
    methods text[] NOT NULL,
    -- JSON objects as the producer wrote them. Not jsonb, which refuses some texts and does not keep the form of numbers.
    attributes text NOT NULL,
    facts text NOT NULL,
    is_truncated boolean NOT NULL,
    policies text[] NOT NULL,
    shadow text[] NOT NULL,
    errors integer NOT NULL,
    bundle_version bigint NOT NULL,
    request_id text NOT NULL,
    trace_id text NOT NULL,
    count bigint NOT NULL CONSTRAINT policy_decisions_counted CHECK (count > 0)
);
CREATE INDEX policy_decisions_at ON policy_decisions (at, id);
CREATE INDEX policy_decisions_principal ON policy_decisions (principal_id, at, id);
CREATE INDEX policy_decisions_permission ON policy_decisions (permission, at, id);
CREATE INDEX policy_decisions_shadow ON policy_decisions (at) WHERE shadow <> '{}';
"""
