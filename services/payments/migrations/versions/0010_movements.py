"""Indexes for a transfer's postings, and for a wallet's transfers by reference."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(INDEXES)


INDEXES = """
-- The postings of a transfer, for exports and reversals.
CREATE INDEX postings_transfer ON postings (transfer_id);

-- Many users may use the same reference ("rent"), so the account comes first. Only payments have one.
CREATE INDEX transfers_source_reference ON transfers (source_id, reference, id) WHERE reference <> '';
CREATE INDEX transfers_target_reference ON transfers (target_id, reference, id) WHERE reference <> '';
"""
