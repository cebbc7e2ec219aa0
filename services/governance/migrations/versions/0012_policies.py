"""Policies that people write: versions, changes that another person approves, and golden decisions.

The previous release does not read the tables. It compiles no policies and would publish a bundle without them, so put policies in
force only when no process of it runs any more.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from alembic import op
from sqlalchemy import Connection, text

from chassis.persistence.migrations import append_only, runtime_role

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(PERMISSION)
    op.execute(POLICIES)
    op.execute(BUNDLES)
    op.execute(CHANGES)
    op.execute(GOLDEN)
    for table in ("policy_versions", "bundled_policies"):
        append_only(op, table)
    op.execute(f'REVOKE DELETE, TRUNCATE ON policies, policy_changes FROM "{runtime_role(op.get_bind())}"')
    append_only(op, "policy_change_items")
    for each in SHIPPED:
        each.insert(op.get_bind())
    op.execute(APPROVED_ALONE)


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A policy with its first version."""

    name: str
    description: str
    mode: str
    template: str
    parameters: dict[str, Any]
    step_up_seconds: int | None
    sentence: str
    cedar: str

    def insert(self, connection: Connection) -> None:
        values = {
            "name": self.name,
            "description": self.description,
            "mode": self.mode,
            "in_force": None if self.mode == "off" else 1,
            "template": self.template,
            "parameters": json.dumps(self.parameters),
            "step_up_seconds": self.step_up_seconds,
            "sentence": self.sentence,
            "cedar": self.cedar,
        }
        for statement in (_INSERT_POLICY, _INSERT_VERSION):
            connection.execute(statement, values)


_INSERT_POLICY = text(
    """
    INSERT INTO policies
        (name, description, owner, mode, version_in_force, latest_version, revision, created_by, created_at, mode_since)
    VALUES (:name, :description, 'governance', :mode, :in_force, 1, 1, 'governance', now(),
        CASE WHEN :mode = 'off' THEN NULL ELSE now() END)
    """
)
_INSERT_VERSION = text(
    """
    INSERT INTO policy_versions
        (policy, number, template, step_up_seconds, parameters, sentence, cedar, digest, created_by, created_at)
    VALUES (:name, 1, :template, :step_up_seconds, cast(:parameters AS jsonb), :sentence, :cedar,
        encode(sha256(convert_to(:cedar, 'UTF8')), 'hex'), 'governance', now())
    """
)
PERMISSION = """
INSERT INTO permissions (name, description, category)
VALUES ('document:view', 'View a document', 'documents'),
    ('access:evaluate', 'Ask what other people may do, as an application', 'access') ON CONFLICT DO NOTHING;
INSERT INTO role_permissions (role, permission) SELECT 'admin', 'access:evaluate' FROM roles
WHERE name = 'admin' AND retired_at IS NULL ON CONFLICT DO NOTHING;
INSERT INTO role_permissions (role, permission)
SELECT name, 'document:view' FROM roles WHERE name IN ('admin', 'staff') AND retired_at IS NULL ON CONFLICT DO NOTHING;
UPDATE roles SET version = version + 1 WHERE name IN ('admin', 'staff') AND retired_at IS NULL;
"""
POLICIES = """
CREATE TABLE policies (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    description text NOT NULL CHECK (length(description) BETWEEN 1 AND 500),
    owner text NOT NULL CHECK (length(owner) BETWEEN 1 AND 100),
    mode text NOT NULL CHECK (mode IN ('off', 'shadow', 'enforced')),
    version_in_force integer,
    latest_version integer NOT NULL CHECK (latest_version >= 0),
    revision bigint NOT NULL CHECK (revision > 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    mode_since timestamptz,
    CHECK ((mode = 'off') = (version_in_force IS NULL)),
    CHECK (version_in_force <= latest_version)
);
CREATE TABLE policy_versions (
    policy text NOT NULL REFERENCES policies,
    number integer NOT NULL CHECK (number > 0),
    cedar text NOT NULL CHECK (length(cedar) BETWEEN 1 AND 10000),
    sentence text NOT NULL,
    template text,
    parameters jsonb,
    step_up_seconds integer CHECK (step_up_seconds > 0),
    digest text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (policy, number),
    CONSTRAINT policy_versions_digest CHECK (digest = encode(sha256(convert_to(cedar, 'UTF8')), 'hex')),
    CHECK ((template IS NULL) = (parameters IS NULL))
);
ALTER TABLE policies ADD CONSTRAINT policies_version_in_force
    FOREIGN KEY (name, version_in_force) REFERENCES policy_versions (policy, number) DEFERRABLE INITIALLY DEFERRED;
"""
BUNDLES = """
ALTER TABLE policy_bundles ADD COLUMN shadow text NOT NULL DEFAULT '';
CREATE TABLE bundled_policies (
    bundle_version bigint NOT NULL REFERENCES policy_bundles (version),
    policy text NOT NULL,
    version integer NOT NULL,
    mode text NOT NULL CHECK (mode IN ('shadow', 'enforced')),
    PRIMARY KEY (bundle_version, policy),
    FOREIGN KEY (policy, version) REFERENCES policy_versions (policy, number)
);
"""
CHANGES = """
CREATE TABLE policy_changes (
    id uuid PRIMARY KEY,
    reason text NOT NULL CHECK (length(reason) <= 500),
    status text NOT NULL CHECK (status IN ('asked', 'approved', 'rejected', 'withdrawn')),
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    report jsonb NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision_reason text CHECK (length(decision_reason) <= 500),
    bundle_version bigint REFERENCES policy_bundles (version),
    CHECK (num_nulls(decided_by, decided_at) IN (0, 2)),
    CHECK ((status = 'asked') = (decided_by IS NULL)),
    CHECK ((status = 'approved') = (bundle_version IS NOT NULL)),
    CONSTRAINT policy_changes_by_another CHECK (status NOT IN ('approved', 'rejected') OR decided_by <> asked_by)
);
CREATE INDEX policy_changes_asked_at ON policy_changes (asked_at DESC, id DESC);
CREATE TABLE policy_change_items (
    change_id uuid NOT NULL REFERENCES policy_changes,
    policy text NOT NULL REFERENCES policies,
    version integer,
    mode text NOT NULL CHECK (mode IN ('off', 'shadow', 'enforced')),
    PRIMARY KEY (change_id, policy),
    FOREIGN KEY (policy, version) REFERENCES policy_versions (policy, number),
    CHECK ((mode = 'off') = (version IS NULL))
);
CREATE INDEX policy_change_items_policy ON policy_change_items (policy);

-- What was asked stays as it was asked, and what was decided stays decided.
CREATE FUNCTION policy_change_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'asked' OR (NEW.id, NEW.reason, NEW.asked_by, NEW.asked_at) IS DISTINCT FROM
        (OLD.id, OLD.reason, OLD.asked_by, OLD.asked_at) THEN
        RAISE EXCEPTION 'policy change % is decided, or what was asked is changed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'approved' AND EXISTS (
        SELECT FROM policy_change_items i JOIN policy_versions v ON v.policy = i.policy AND v.number = i.version
        WHERE i.change_id = NEW.id AND v.created_by = NEW.decided_by
    ) THEN
        RAISE EXCEPTION 'policy change % is approved by an author', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER policy_changes_decided_once BEFORE UPDATE ON policy_changes
    FOR EACH ROW EXECUTE FUNCTION policy_change_decided_once();
"""
GOLDEN = """
CREATE TABLE golden_decisions (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    description text NOT NULL CHECK (length(description) BETWEEN 1 AND 500),
    permission text NOT NULL REFERENCES permissions,
    roles text[] NOT NULL,
    attributes jsonb NOT NULL,
    facts jsonb NOT NULL,
    is_allowed boolean NOT NULL,
    version bigint NOT NULL CHECK (version > 0)
);
INSERT INTO golden_decisions (name, description, permission, roles, attributes, facts, is_allowed, version) VALUES
    ('admins-manage-roles', 'Administrators can manage roles at any time.', 'role:manage', '{admin}', '{}',
     '{"minute_of_day": 120, "weekday": 7, "public_holiday": true}', true, 1),
    ('admins-manage-policies', 'Administrators can change policies at any time.', 'policy:manage', '{admin}', '{}',
     '{"minute_of_day": 120, "weekday": 7, "public_holiday": true}', true, 1),
    ('guests-pay-nothing', 'Guests cannot pay.', 'payment:create', '{guest}', '{}',
     '{"amount": "0.01", "currency": "NAD"}', false, 1),
    ('users-approve-nothing', 'Customers cannot approve payments.', 'payment:approve', '{user}', '{}', '{}', false, 1),
    ('staff-manage-no-roles', 'Staff cannot manage roles.', 'role:manage', '{staff}', '{}', '{}', false, 1),
    ('staff-see-nothing-classified', 'Classified documents are for administrators alone.', 'document:view', '{staff}',
     '{"classification": "classified"}', '{}', false, 1);
"""
# As the templates of this release fill them in (policy_templates.py). From here on they are data.
SHIPPED: Final = (
    Shipped(
        name="business-hours",
        description="Staff approve payments in office hours.",
        mode="off",
        template="time-window",
        parameters={"permissions": ["payment:approve"], "starts": "09:00", "ends": "17:00", "roles": ["staff"]},
        step_up_seconds=None,
        sentence=(
            "People with the role staff may approve a payment (payment:approve) only on Monday to Friday from 09:"
            "00 to 17:00, Namibian time, and not on public holidays."
        ),
        cedar="""\
forbid(principal is User in Role::"staff", action in [Action::"payment:approve"], resource)
when {
  context.interactive &&
  !(
    (context.minute_of_day >= 540 && context.minute_of_day < 1020) &&
    [1, 2, 3, 4, 5].contains(context.weekday) &&
    !context.public_holiday
  )
};""",
    ),
    Shipped(
        name="classified-documents",
        description="Classified documents are for administrators alone.",
        mode="enforced",
        template="classification",
        parameters={"permissions": ["document:view"], "classifications": ["classified"], "allowed_roles": ["admin"]},
        step_up_seconds=None,
        sentence=("Everybody may view a document (document:view) only with the role admin, if it is marked classified."),
        cedar="""\
forbid(principal is User, action in [Action::"document:view"], resource)
when {
  resource has classification &&
  ["classified"].contains(resource.classification) &&
  !(principal in [Role::"admin"])
};""",
    ),
    Shipped(
        name="mfa-for-money",
        description="Large payments need two factors that were verified just before.",
        mode="off",
        template="mfa-recent",
        parameters={"permissions": ["payment:create"], "minutes": 5, "above": "10000.00", "currency": "NAD"},
        step_up_seconds=300,
        sentence=(
            "Everybody may make a payment (payment:create) only within 5 minutes after signing in with two factor"
            "s, if it is more than 10,000 NAD."
        ),
        cedar="""\
forbid(principal is User, action in [Action::"payment:create"], resource)
when {
  context.interactive &&
  context has currency &&
  context.currency == "NAD" &&
  context has amount &&
  context.amount.greaterThan(decimal("10000.0000")) &&
  !(context.two_factors && context.minutes_since_sign_in < 5)
};""",
    ),
    Shipped(
        name="own-wallets",
        description="Nobody pays from a wallet of another. Payments refuses it too; this policy holds if that fails.",
        mode="off",
        template="own-resource",
        parameters={"permissions": ["payment:create"]},
        step_up_seconds=None,
        sentence=(
            "Everybody may make a payment (payment:create) only with what they own, or the organization that they act for owns."
        ),
        cedar="""\
forbid(principal is User, action in [Action::"payment:create"], resource)
when {
  resource has owner &&
  !(principal has id && principal.id == resource.owner || principal has organization && principal.organization == resource.owner)
};""",
    ),
    Shipped(
        name="own-organization",
        description="Approvers decide for the organization that they act for.",
        mode="off",
        template="organization-scope",
        parameters={"permissions": ["payment:approve"], "except_roles": ["admin"]},
        step_up_seconds=None,
        sentence=(
            "Everybody, except people with the role admin, may approve a payment (payment:approve) only for what "
            "belongs to no organization, or to the one they act for."
        ),
        cedar="""\
forbid(principal is User, action in [Action::"payment:approve"], resource)
when {
  !(principal in [Role::"admin"]) &&
  resource has organization &&
  !(principal has organization && principal.organization == resource.organization)
};""",
    ),
    Shipped(
        name="payment-ceiling",
        description="The most that customers pay in one request.",
        mode="off",
        template="amount-limit",
        parameters={"permissions": ["payment:create"], "amount": "50000.00", "currency": "NAD", "roles": ["user"]},
        step_up_seconds=None,
        sentence=("People with the role user may make a payment (payment:create) only up to 50,000 NAD in one request."),
        cedar="""\
forbid(principal is User in Role::"user", action in [Action::"payment:create"], resource)
when {
  context has currency &&
  context.currency == "NAD" &&
  context has amount &&
  context.amount.greaterThan(decimal("50000.0000"))
};""",
    ),
    Shipped(
        name="office-network",
        description="The audit trail is exported from the office alone.",
        mode="off",
        template="network-range",
        parameters={"permissions": ["audit:export"], "networks": ["10.0.0.0/8"]},
        step_up_seconds=None,
        sentence=("Everybody may export the audit trail (audit:export) only from the network 10.0.0.0/8."),
        cedar="""\
forbid(principal is User, action in [Action::"audit:export"], resource)
when {
  context.interactive &&
  !(context has ip && (context.ip.isInRange(ip("10.0.0.0/8"))))
};""",
    ),
)
# A policy is put in force by an approved change alone. What is shipped in force came before this trigger.
APPROVED_ALONE = """
CREATE FUNCTION policy_as_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM policy_change_items i JOIN policy_changes c ON c.id = i.change_id
        JOIN policies p ON p.name = i.policy
        WHERE i.policy = NEW.name AND c.status = 'approved' AND c.decided_at = p.mode_since
            AND i.mode = p.mode AND i.version IS NOT DISTINCT FROM p.version_in_force
    ) THEN
        RAISE EXCEPTION 'nobody has approved policy % as it is', NEW.name USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER policies_as_approved AFTER UPDATE OF mode, version_in_force, mode_since ON policies
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((NEW.mode, NEW.version_in_force, NEW.mode_since) IS DISTINCT FROM (OLD.mode, OLD.version_in_force, OLD.mode_since))
    EXECUTE FUNCTION policy_as_approved();
CREATE CONSTRAINT TRIGGER policies_begin_off AFTER INSERT ON policies
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.mode <> 'off') EXECUTE FUNCTION policy_as_approved();
"""
