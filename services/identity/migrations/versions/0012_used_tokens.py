"""A session stores all refresh tokens that were used within ten seconds, not only the last one."""

from alembic import op

revision = "0012"
down_revision = "0009"


def upgrade() -> None:
    op.execute(USED_TOKENS)


# The last used token stays in `previous_digest` and `sealed_successor`, which the previous release reads and writes. If it
# refreshes in between, the chain has a gap, and a token from before the gap is refused as that release did.
USED_TOKENS = """
ALTER TABLE sessions
    ADD COLUMN earlier_used jsonb NOT NULL DEFAULT '[]'
        CHECK (jsonb_typeof(earlier_used) = 'array' AND jsonb_array_length(earlier_used) < 32);
"""
