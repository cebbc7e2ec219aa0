"""A session keeps its proofs: what was shown in it, and when."""

from alembic import op

revision = "0010"
down_revision = "0011"


def upgrade() -> None:
    op.execute(PROOFS)


# `methods` and `authenticated_at` stay, and are the last proof: a row of before is read as one proof, and the previous release,
# which still runs while this is rolled out, reads and writes them as it did. It inserts no value for the new columns.
PROOFS = """
ALTER TABLE sessions
    ADD COLUMN earlier_proofs jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(earlier_proofs) = 'array'),
    ADD COLUMN passkey_id uuid;
COMMENT ON COLUMN sessions.passkey_id IS 'The passkey that the last proof was by. No reference: it may be removed since.';
"""
