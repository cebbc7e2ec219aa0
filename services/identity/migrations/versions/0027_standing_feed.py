"""Let other services follow the status of users.

The trigger also counts the changes of the previous release. Its changes raise the version too.
"""

from alembic import op

from chassis.projections.schema import feed_of

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    feed_of(op, "users", key="id", when="OF status")
