"""What a transfer moved, by its postings; transfers of one wallet under one reference."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(INDEXES)


INDEXES = """
-- What a transfer moved on each account: read by exports, and before a transfer is reversed.
CREATE INDEX postings_transfer ON postings (transfer_id);

-- A reference alone may be many people's ("rent"), so it follows the account. Only payments bear one.
CREATE INDEX transfers_source_reference ON transfers (source_id, reference, id) WHERE reference <> '';
CREATE INDEX transfers_target_reference ON transfers (target_id, reference, id) WHERE reference <> '';
"""
