"""Let an approval rule add up what a payer sent within a window of time.

The previous release neither reads nor writes the column. It compiles a rule with a window as a rule without one, which checks
each transfer by itself. The next bundle that this release publishes, at its next start at the latest, contains the window again.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE approval_rules ADD COLUMN window_hours smallint CHECK (window_hours BETWEEN 1 AND 744)")
