"""Access reviews: campaigns, their lines, and the keys that sign their reports.

The previous release does not read the tables, and its jobs do not end a campaign: start the first one when it is gone. It sets a
manager without `platform_manager_id`; such a manager decides nothing about the platform.
"""

from alembic import op

from chassis.persistence.migrations import append_only, runtime_role

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(KEYS)
    op.execute(REVIEWS)
    op.execute(LINES)
    op.execute(ONLY_ONWARDS)
    op.execute(MANAGERS)
    append_only(op, "review_keys")
    op.execute(f'REVOKE DELETE, TRUNCATE ON access_reviews, review_lines FROM "{runtime_role(op.get_bind())}"')


KEYS = """
CREATE TABLE review_keys (
    -- The first half of the SHA-256 of the public key.
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    created_at timestamptz NOT NULL,
    CONSTRAINT review_keys_id CHECK (id = left(encode(sha256(public_key), 'hex'), 32))
);
"""
REVIEWS = """
CREATE TABLE access_reviews (
    id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 120),
    -- NULL: roles that are limited to no organization.
    organization_id uuid REFERENCES organizations,
    -- Empty: all roles but the default one.
    roles text[] NOT NULL,
    reason text NOT NULL CHECK (length(reason) <= 500),
    deadline timestamptz NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    -- Who ran the campaigns of the organization, or of the platform, at the start.
    administrators uuid[] NOT NULL,
    line_count integer NOT NULL CHECK (line_count BETWEEN 1 AND 10000),
    status text NOT NULL CHECK (status IN ('running', 'closing', 'completed', 'cancelled')),
    -- When those who decide were asked, and reminded.
    asked_at timestamptz,
    reminded_at timestamptz,
    ended_at timestamptz,
    end_reason text CHECK (length(end_reason) <= 500),
    -- The signed report, as canonical JSON.
    statement text,
    digest text,
    key_id text REFERENCES review_keys,
    signature text CHECK (length(signature) = 88),
    CHECK (deadline > started_at),
    CHECK ((status IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT access_reviews_report CHECK (num_nulls(statement, digest, key_id, signature) IN (0, 4)),
    CHECK ((status = 'completed') = (statement IS NOT NULL)),
    CONSTRAINT access_reviews_digest CHECK (digest = encode(sha256(convert_to(statement, 'UTF8')), 'hex'))
);
CREATE INDEX access_reviews_started_at ON access_reviews (started_at DESC, id DESC);
CREATE INDEX access_reviews_running ON access_reviews (started_by) WHERE status IN ('running', 'closing');
CREATE INDEX access_reviews_deadline ON access_reviews (deadline) WHERE status IN ('running', 'closing');
"""
LINES = """
CREATE TABLE review_lines (
    review_id uuid NOT NULL REFERENCES access_reviews,
    number integer NOT NULL CHECK (number > 0),
    -- Who had what when the campaign started. The assignment itself may end in the meantime.
    assignment_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    role text NOT NULL REFERENCES roles,
    organization_id uuid,
    team_id uuid,
    starts_at timestamptz,
    ends_at timestamptz,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    -- The person's managers at the start.
    managers uuid[] NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('open', 'kept', 'withdrawn', 'unconfirmed', 'ended', 'retained', 'cancelled')),
    decided_by text,
    decided_at timestamptz,
    capacity text CHECK (capacity IN ('manager', 'administrator', 'deadline')),
    reason text CHECK (length(reason) <= 500),
    PRIMARY KEY (review_id, number),
    UNIQUE (review_id, assignment_id),
    CHECK ((outcome IN ('open', 'cancelled')) = (decided_at IS NULL)),
    CHECK (num_nulls(decided_by, decided_at, capacity) IN (0, 3)),
    CHECK (outcome NOT IN ('kept', 'withdrawn') OR capacity IN ('manager', 'administrator')),
    CHECK (outcome NOT IN ('unconfirmed', 'retained') OR capacity = 'deadline'),
    CONSTRAINT review_lines_by_another CHECK (decided_by <> subject_id::text)
);
CREATE INDEX review_lines_to_close ON review_lines (review_id, number) WHERE outcome = 'open';
CREATE INDEX review_lines_decided_by ON review_lines (decided_by, review_id) WHERE decided_by IS NOT NULL;
CREATE INDEX review_lines_subject ON review_lines (subject_id);
"""
ONLY_ONWARDS = """
-- What a campaign lists stays; it goes on, and never back.
CREATE FUNCTION access_review_onwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'running' OR num_nonnulls(NEW.asked_at, NEW.reminded_at) > 0 THEN
            RAISE EXCEPTION 'access review % begins otherwise than by its start', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.title, NEW.organization_id, NEW.roles, NEW.reason, NEW.deadline, NEW.started_by, NEW.started_at,
            NEW.administrators, NEW.line_count)
        IS DISTINCT FROM (OLD.id, OLD.title, OLD.organization_id, OLD.roles, OLD.reason, OLD.deadline, OLD.started_by,
            OLD.started_at, OLD.administrators, OLD.line_count)
        OR NOT (OLD.status, NEW.status) IN (('running', 'running'), ('running', 'closing'), ('running', 'cancelled'),
            ('closing', 'completed')) THEN
        RAISE EXCEPTION 'access review % cannot change so', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'completed' AND
        (SELECT count(*) FROM review_lines WHERE review_id = NEW.id AND outcome <> 'open') <> NEW.line_count THEN
        RAISE EXCEPTION 'access review % lacks lines, or has open ones', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_reviews_onwards BEFORE INSERT OR UPDATE ON access_reviews
    FOR EACH ROW EXECUTE FUNCTION access_review_onwards();

-- A line is decided while its campaign runs; at the deadline, only what is open is. What is withdrawn stays withdrawn.
CREATE FUNCTION review_line_onwards() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_review access_reviews;
BEGIN
    SELECT * INTO of_review FROM access_reviews WHERE id = NEW.review_id;
    IF TG_OP = 'INSERT' THEN
        IF of_review.status <> 'running' OR NEW.outcome <> 'open' OR NEW.number > of_review.line_count THEN
            RAISE EXCEPTION 'access review % takes no more lines', NEW.review_id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- The texts about an erased person are deleted, whatever the outcome of the line.
    IF to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' AND NEW.reason IS NULL THEN
        RETURN NEW;
    END IF;
    IF (NEW.review_id, NEW.number, NEW.assignment_id, NEW.subject_id, NEW.role, NEW.organization_id, NEW.team_id, NEW.starts_at,
            NEW.ends_at, NEW.granted_by, NEW.granted_at, NEW.managers)
        IS DISTINCT FROM (OLD.review_id, OLD.number, OLD.assignment_id, OLD.subject_id, OLD.role, OLD.organization_id,
            OLD.team_id, OLD.starts_at, OLD.ends_at, OLD.granted_by, OLD.granted_at, OLD.managers)
        OR OLD.outcome NOT IN ('open', 'kept') OR NEW.outcome = 'open' OR OLD.outcome = 'kept' AND NEW.outcome = 'cancelled'
        OR NOT (of_review.status = 'running' AND NEW.capacity IS DISTINCT FROM 'deadline'
            OR of_review.status = 'closing' AND OLD.outcome = 'open' AND NEW.capacity = 'deadline') THEN
        RAISE EXCEPTION 'line % of access review % cannot change so', OLD.number, OLD.review_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER review_lines_onwards BEFORE INSERT OR UPDATE ON review_lines
    FOR EACH ROW EXECUTE FUNCTION review_line_onwards();
"""
# A manager in an internal organization decides about roles of the platform only if the platform has set them. The previous
# release sets a manager alone: this one decides nothing about the platform.
MANAGERS = """
ALTER TABLE memberships ADD COLUMN platform_manager_id uuid;
CREATE FUNCTION forget_platform_manager() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.platform_manager_id IS DISTINCT FROM NEW.manager_id THEN
        NEW.platform_manager_id := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER memberships_forget_platform_manager BEFORE INSERT OR UPDATE ON memberships
    FOR EACH ROW EXECUTE FUNCTION forget_platform_manager();
"""
