"""Advisory locks, for things that have no row to lock yet. Their first part is the kind; take them in the order 1, 3, 2."""

from typing import Final

from sqlalchemy import text

LOCK_PUBLISHING: Final = text("SELECT pg_advisory_xact_lock(1, 0)")
LOCK_SUBJECT: Final = text("SELECT pg_advisory_xact_lock(2, hashtext(:subject_id))")
# One lock for all: whether the last administrator goes is a question about everybody.
LOCK_STANDINGS: Final = text("SELECT pg_advisory_xact_lock(3, 0)")
