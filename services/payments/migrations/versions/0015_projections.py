"""Copies of the standings of users (identity) and of their roles (governance). The previous release does not use them."""

from alembic import op

from chassis.projections.schema import projection_of, projection_states

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    projection_states(op)
    projection_of(op, "user_standings", key="user_id", columns="standing text NOT NULL")
    projection_of(op, "user_grants", key="user_id", columns="roles text[] NOT NULL")
