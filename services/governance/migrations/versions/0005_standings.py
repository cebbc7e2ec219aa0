"""Record which users are able to act, so that governance knows the last one who can manage roles.

The table starts empty: a user without a record counts as able to act. Governance asks identity about all users with more than
the default role when the new release starts, and every ten minutes. The previous release neither reads nor writes the table.
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
            -- The version of the user in identity. It orders announcements, which may arrive late or twice.
            version bigint NOT NULL CHECK (version >= 0),
            recorded_at timestamptz NOT NULL
        )
        """
    )
