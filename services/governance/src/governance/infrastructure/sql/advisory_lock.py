"""Advisory locks for things without a row to lock. The first number is the kind; take the locks in the order 1, 3, 2, 4."""

from typing import Final

from sqlalchemy import text

LOCK_PUBLISHING: Final = text("SELECT pg_advisory_xact_lock(1, 0)")
LOCK_SUBJECT: Final = text("SELECT pg_advisory_xact_lock(2, hashtext(:subject_id))")
# One lock for all subjects: whether an administrator is the last one depends on all of them.
LOCK_STANDINGS: Final = text("SELECT pg_advisory_xact_lock(3, 0)")
# A registration number that nobody has yet.
LOCK_REGISTRATION: Final = text("SELECT pg_advisory_xact_lock(4, hashtext(:number))")
