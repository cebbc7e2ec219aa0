"""A session stores its proofs: each factor that the user authenticated with, and when."""

from alembic import op

revision = "0010"
down_revision = "0011"


def upgrade() -> None:
    op.execute(PROOFS)


# `methods` and `authenticated_at` stay and are the last proof. An older row is read as one proof. The previous release, which
# still runs during the rollout, reads and writes them as before; it inserts no value for the new columns.
PROOFS = """
ALTER TABLE sessions
    ADD COLUMN earlier_proofs jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(earlier_proofs) = 'array'),
    ADD COLUMN passkey_id uuid;
COMMENT ON COLUMN sessions.passkey_id IS 'The passkey that the last proof was by. No reference: it may be removed since.';
"""
