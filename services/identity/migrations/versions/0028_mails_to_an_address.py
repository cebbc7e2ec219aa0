"""Count the messages to an address without an account. The previous release writes no digest: its messages are not counted.

Locks: `address_messages` briefly.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute(
        """
        -- Keyed, so it discloses no address; under a label of its own, so it is found in no other table.
        ALTER TABLE address_messages ADD COLUMN to_digest bytea CHECK (length(to_digest) = 32);
        CREATE INDEX address_messages_to ON address_messages (to_digest, queued_at) WHERE to_digest IS NOT NULL;
        """
    )
