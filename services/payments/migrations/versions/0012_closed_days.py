"""A schedule says what happens to an occurrence on a closed day; a run keeps the time for which it was planned.

The previous release writes `as_planned` by default. It runs other schedules at `next_at` too, and then writes the planned time of
the next occurrence; `aligned_to` has another number then, and this release moves that occurrence.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(SCHEDULES)
    # The previous release writes none: what it ran was planned for `due_at`, or is shown so.
    op.execute("ALTER TABLE schedule_runs ADD planned_at timestamptz")


SCHEDULES = """
ALTER TABLE schedules
    ADD on_closed_day text NOT NULL DEFAULT 'as_planned' CONSTRAINT closed_day_rule
        CHECK (on_closed_day IN ('as_planned', 'next_business_day', 'previous_business_day', 'modified_following')),
    -- The edition of the calendar and the number of the occurrence for which next_at was computed.
    ADD aligned_to text NOT NULL DEFAULT '';
CREATE INDEX schedules_on_business_days ON schedules (id) WHERE on_closed_day <> 'as_planned' AND next_at IS NOT NULL;
"""
