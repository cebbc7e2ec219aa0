"""Who is able to act, so that the last person who can manage roles is known.

It begins empty: a person of whom nothing is recorded counts as able. Governance asks identity about all who hold more than the
default role as soon as the new release serves, and every ten minutes. The previous release neither reads nor writes the table.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE subject_standings (
            subject_id uuid PRIMARY KEY,
            is_able boolean NOT NULL,
            -- Of identity's account. It orders announcements, which may arrive late or twice.
            version bigint NOT NULL CHECK (version >= 0),
            recorded_at timestamptz NOT NULL
        )
        """
    )
